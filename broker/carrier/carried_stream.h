// A stream as the client side sees it, whatever carries it: a tunnel of this loop, called directly, or something
// farther away. The calls and their rules are those of tunnel::Stream.
#pragma once

#include <cstddef>

#include "common/tunnel/session.h"

namespace ingress::broker {

// A stream that no tunnel of this loop carries. It is gone after on_closed of its handler, and after abandon().
class FarStream {
 public:
  virtual size_t sendable() = 0;
  virtual void send_data(MutableBytes payload, bool end) = 0;
  virtual void send_trailers(const http::Fields& trailers) = 0;
  virtual void consumed(size_t bytes) = 0;
  virtual void abandon(tunnel::ResetCode code) = 0;

 protected:
  ~FarStream() = default;
};

// A handle; empty, or one stream. Plain value.
class CarriedStream {
 public:
  CarriedStream() = default;
  explicit CarriedStream(tunnel::Stream* near) : near_(near) {}
  explicit CarriedStream(FarStream* far) : far_(far) {}

  explicit operator bool() const { return near_ != nullptr || far_ != nullptr; }
  bool is_far() const { return far_ != nullptr; }

  size_t sendable() { return near_ != nullptr ? near_->sendable() : far_->sendable(); }
  void send_data(MutableBytes payload, bool end) {
    near_ != nullptr ? near_->send_data(payload, end) : far_->send_data(payload, end);
  }
  void send_trailers(const http::Fields& trailers) {
    near_ != nullptr ? static_cast<void>(near_->send_trailers(trailers)) : far_->send_trailers(trailers);
  }
  void consumed(size_t bytes) { near_ != nullptr ? near_->consumed(bytes) : far_->consumed(bytes); }
  // The handle is empty afterwards.
  void abandon(tunnel::ResetCode code) {
    const CarriedStream stream = *this;
    *this = {};
    stream.near_ != nullptr ? stream.near_->abandon(code) : stream.far_->abandon(code);
  }

 private:
  tunnel::Stream* near_ = nullptr;
  FarStream* far_ = nullptr;
};

}  // namespace ingress::broker
