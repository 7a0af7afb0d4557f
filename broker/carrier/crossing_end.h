// A crossing stream at its machine's loop: messages become calls on the tunnel's stream, what that tells becomes
// messages. Owned by its Crossing.
#pragma once

#include "broker/carrier/crossing.h"

namespace ingress::broker {

class CrossingEnd final : public uv::Buryable, private tunnel::StreamHandler {
 public:
  // `key` is its own in `owner`, `loop` and `number` are the client's.
  CrossingEnd(Crossing& owner, uint64_t key, size_t loop, uint64_t number)
      : owner_(owner), key_(key), number_(number), loop_(loop) {}
  ~CrossingEnd() override;

  // False where no tunnel takes it: that has been told, and it is to be destroyed.
  bool open(const CrossingMessage& message);
  // Any but kOpen and kAbandon.
  void take(CrossingMessage& message);
  void abandon(tunnel::ResetCode code);

 private:
  void on_head(const http::ResponseHead& head, bool end) override;
  void on_data(MutableBytes payload, bool end) override;
  void on_trailers(const http::Fields& trailers) override;
  void on_sendable() override { promise(); }
  void on_closed(const Error& error, tunnel::ResetCode code) override;

  CrossingMessage message(CrossingMessage::Kind kind) const;
  void tell_closed(const Error& error, tunnel::ResetCode code);
  void send_data(CrossingMessage& message);
  void promise();

  Crossing& owner_;
  tunnel::Stream* stream_ = nullptr;
  uint64_t key_;
  uint64_t number_;
  size_t loop_;
  size_t promised_ = 0;  // and not come yet
};

}  // namespace ingress::broker
