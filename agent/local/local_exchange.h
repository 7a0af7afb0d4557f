// One request of the agent's port 8080 and the origin's answer, glued: what comes from either goes to the other as it
// comes, and each side's back-pressure is the other's. Lives in LocalRequests, which reuses it. Private to agent/local.
#pragma once

#include <memory>
#include <string>

#include "agent/local/client_side.h"
#include "agent/local/target_header.h"
#include "common/http/forward_rules.h"
#include "common/origin/origin_pool.h"
#include "common/server/exchange.h"
#include "common/uv/loop.h"

namespace ingress::agent {

class LocalRequests;

class LocalExchange final : public uv::Buryable {
 public:
  // Answer bytes taken from the origin at a time. With the mark of congestion before them, they are what a client that
  // reads nothing makes us hold.
  static constexpr size_t kMostAnswerBytes = size_t{24} * 1024;

  explicit LocalExchange(LocalRequests& owner) : owner_(owner), from_client_(*this), from_origin_(*this) {}
  LocalExchange(const LocalExchange&) = delete;
  LocalExchange& operator=(const LocalExchange&) = delete;

  // Returns the request's handler. `line` is what its head asks for by Host and path, `asked` by the target header.
  server::RequestHandler* start(server::Responder& responder, const http::RequestHead& head,
                                const server::RequestInfo& info, const http::RequestTarget& line,
                                const origin::Target& target, const AskedTarget& asked);

 private:
  // The two handler interfaces have functions of the same name, so each has an object of its own.
  class FromClient final : public server::RequestHandler {
   public:
    explicit FromClient(LocalExchange& owner) : owner_(owner) {}
    void on_body(MutableBytes payload, bool end) override { owner_.request_data(payload, end); }
    void on_trailers(const http::Fields& trailers) override { owner_.request_trailers(trailers); }
    size_t allowance() override { return owner_.exchange_ == nullptr ? 0 : owner_.exchange_->sendable(); }
    void on_drained() override { owner_.client_drained(); }
    bool on_silent(const Error& error) override {
      owner_.failed(error);
      return true;
    }
    void on_aborted(const Error& error) override { owner_.client_left(error); }

   private:
    LocalExchange& owner_;
  };
  class FromOrigin final : public origin::ExchangeHandler {
   public:
    explicit FromOrigin(LocalExchange& owner) : owner_(owner) {}
    void on_head(const http::ResponseHead& head, bool end) override { owner_.answer_head(head, end); }
    void on_data(MutableBytes payload, bool end) override { owner_.answer_data(payload, end); }
    void on_trailers(const http::Fields& trailers) override { owner_.answer_trailers(trailers); }
    size_t allowance() override;
    void on_sendable() override;
    void on_failed(const Error& error) override { owner_.failed(error); }
    void on_complete() override { owner_.complete(); }

   private:
    LocalExchange& owner_;
  };

  void request_data(MutableBytes payload, bool end);
  void request_trailers(const http::Fields& trailers);
  void client_drained();
  void client_left(const Error& error);

  void answer_head(const http::ResponseHead& head, bool end);
  void answer_data(MutableBytes payload, bool end);
  void answer_trailers(const http::Fields& trailers);
  void failed(const Error& error);
  void complete();
  // The answer has gone out whole: the responder is gone where the client's side is through, too.
  void answer_ended();
  void settle();

  LocalRequests& owner_;
  FromClient from_client_;
  FromOrigin from_origin_;
  server::Responder* responder_ = nullptr;
  std::unique_ptr<origin::Exchange> exchange_;
  ClientSide client_;
  int port_ = 0;
  bool request_ended_ = false;
  bool upgraded_ = false;
  bool answer_begun_ = false;
  bool answer_ended_ = false;
};

}  // namespace ingress::agent
