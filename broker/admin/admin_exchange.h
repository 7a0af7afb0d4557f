// One request to the admin API: gathers its body, hands it to the router, sends the answer. Owned by its acceptor until
// it is over. Thread: the loop's.
#pragma once

#include <memory>
#include <string>

#include "broker/admin/router.h"
#include "common/server/exchange.h"

namespace ingress::broker::admin {

inline constexpr size_t kMaxBodyBytes = size_t{1024} * 1024;

void send(server::Responder& responder, const Answer& answer);

class AdminExchange final : public server::RequestHandler, public std::enable_shared_from_this<AdminExchange> {
 public:
  // `on_over` forgets the exchange.
  using OnOver = std::function<void(AdminExchange*)>;
  AdminExchange(const Router& router, server::Responder& responder, std::shared_ptr<Request> request, OnOver on_over);

  // No body follows, or what came of it is all: answers, now or later.
  void dispatch();
  bool over() const { return responder_ == nullptr; }
  void answer(const Answer& answer);

 private:
  void on_body(MutableBytes payload, bool end) override;
  void on_trailers(const http::Fields& trailers) override;
  size_t allowance() override { return kMaxBodyBytes; }
  void on_drained() override {}
  void on_aborted(const Error& error) override;

  const Router& router_;
  server::Responder* responder_;  // null once over
  std::shared_ptr<Request> request_;
  OnOver on_over_;
};

}  // namespace ingress::broker::admin
