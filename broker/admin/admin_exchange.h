// One request to the admin API: gathers its body, hands it to the router, sends the answer, whole or as its source
// makes it. Owned by its acceptor until it is over. Thread: the loop's.
#pragma once

#include <memory>
#include <string>

#include "broker/admin/router.h"
#include "common/server/exchange.h"

namespace ingress::broker::admin {

inline constexpr size_t kMaxBodyBytes = size_t{1024} * 1024;

// A whole answer.
void send(server::Responder& responder, const Answer& answer);

class AdminExchange final : public server::RequestHandler,
                            public std::enable_shared_from_this<AdminExchange>,
                            private BodySink {
 public:
  // Whether whoever asked would still be let in, and as the same.
  using IsWelcome = std::function<bool()>;
  // Forgets the exchange.
  using OnOver = std::function<void(AdminExchange*)>;
  AdminExchange(const Router& router, server::Responder& responder, std::shared_ptr<Request> request,
                IsWelcome is_welcome, OnOver on_over);

  // No body follows, or what came of it is all: answers, now or later.
  void dispatch();
  bool is_welcome() const { return is_welcome_(); }
  bool over() const { return responder_ == nullptr; }
  void answer(const Answer& answer);
  // Where the answer comes from a source: it is whole as it is.
  void end_stream();
  // The same; and where the request is not whole it is answered 401. What is being done is done.
  void turn_away();

 private:
  // BodySink
  void write(std::string_view text) override;
  bool congested() const override;
  void end() override;
  void start_stream(const Answer& answer);
  void on_whole();
  // server::RequestHandler
  void on_body(MutableBytes payload, bool end) override;
  void on_trailers(const http::Fields& trailers) override;
  size_t allowance() override { return kMaxBodyBytes; }
  void on_drained() override;
  void on_aborted(const Error& error) override;

  const Router& router_;
  server::Responder* responder_;  // null once over
  std::shared_ptr<Request> request_;
  std::shared_ptr<BodySource> source_;  // while the answer comes from it
  bool dispatched_ = false;
  IsWelcome is_welcome_;
  OnOver on_over_;
};

}  // namespace ingress::broker::admin
