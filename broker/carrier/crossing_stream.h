// A crossing stream at its client's loop: calls become messages, messages become calls. Owned by its Crossing.
#pragma once

#include "broker/carrier/crossing.h"

namespace ingress::broker {

class CrossingStream final : public FarStream {
 public:
  CrossingStream(Crossing& owner, size_t loop, uint64_t number, tunnel::StreamHandler* handler)
      : owner_(owner), handler_(handler), number_(number), loop_(loop) {}

  size_t sendable() override;
  void send_data(MutableBytes payload, bool end) override;
  void send_trailers(const http::Fields& trailers) override;
  void consumed(size_t bytes) override;
  // Destroys it.
  void abandon(tunnel::ResetCode code) override;

  // Any but kClosed. It may be destroyed in the call.
  void take(CrossingMessage& message);
  tunnel::StreamHandler* handler() const { return handler_; }

 private:
  CrossingMessage message(CrossingMessage::Kind kind) const;
  void add_credit(size_t bytes);

  Crossing& owner_;
  tunnel::StreamHandler* handler_;
  uint64_t number_;
  size_t loop_;
  size_t credit_ = 0;     // what the machine's loop has promised to send
  bool starved_ = false;  // there was no credit: on_sendable is due
};

}  // namespace ingress::broker
