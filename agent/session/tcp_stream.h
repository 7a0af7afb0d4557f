// A kTcp stream: a connection to a port of the machine, opaque bytes both ways. Owned by OriginStreams until both sides
// are gone. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "common/origin/origin_pool.h"
#include "common/tunnel_link/opaque_relay.h"

namespace ingress::agent {

// A stream of a session of this end, as OpaqueRelay wants it.
class NearStream {
 public:
  NearStream() = default;
  explicit NearStream(tunnel::Stream* stream) : stream_(stream) {}
  explicit operator bool() const { return stream_ != nullptr; }
  size_t sendable() { return stream_->sendable(); }
  void send_data(MutableBytes payload, bool end) { stream_->send_data(payload, end); }
  void send_head(const http::ResponseHead& head) { stream_->send_head(head, false); }
  void consumed(size_t bytes) { stream_->consumed(bytes); }
  void abandon(tunnel::ResetCode code) { std::exchange(stream_, nullptr)->abandon(code); }

 private:
  tunnel::Stream* stream_ = nullptr;
};

class TcpStream final : public uv::Buryable, public tunnel_link::OpaqueRelay<NearStream> {
 public:
  using OnFailed = std::function<void(const Error& error)>;
  using OnOver = std::function<void(TcpStream& stream)>;

  // `on_over` is the last call; `on_failed` comes before it where no connection could be had.
  TcpStream(uv::Loop& loop, tunnel::Stream& stream, OnFailed on_failed, OnOver on_over);

  void start(origin::OriginPool& pool, const origin::Target& target, Duration timeout);

 private:
  void on_connected(Result<std::unique_ptr<uv::Socket>> connected);
  // OpaqueRelay
  tunnel::ResetCode lost_code() const override { return tunnel::ResetCode::kOriginClosed; }
  void on_not_begun(const Error& error, tunnel::ResetCode code) override;
  void on_over() override { on_over_(*this); }

  uv::Loop& loop_;
  OnFailed on_failed_;
  OnOver on_over_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // while it is dialled
};

}  // namespace ingress::agent
