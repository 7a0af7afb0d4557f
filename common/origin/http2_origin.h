// What is kept of one HTTP/2 origin: its connections, and the exchanges that wait for one. Private to common/origin.
//
// One connection carries all exchanges; another is dialled when those there are take no more (the origin's
// MAX_CONCURRENT_STREAMS, or its GOAWAY). On a new connection one exchange begins at once, the others when the origin's
// SETTINGS have told how many it takes.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "common/origin/dialer.h"
#include "common/origin/http2_connection.h"
#include "common/origin/origin_pool.h"

namespace ingress::origin {

class Http2Exchange;

class Http2Origin final : private DialHandler, private Http2ConnectionOwner {
 public:
  // `witness` may be empty, and outlives it as the limits do.
  Http2Origin(uv::Loop& loop, const PoolLimits& limits, const Target& target, const Witness& witness);
  ~Http2Origin();  // no exchange may be left
  Http2Origin(const Http2Origin&) = delete;
  Http2Origin& operator=(const Http2Origin&) = delete;

  std::unique_ptr<Exchange> start(const Request& request, const Timeouts& timeouts, ExchangeHandler& handler);
  // Gives the exchange a connection, now or later.
  void place(Http2Exchange& exchange);
  // It waits no more.
  void forget(Http2Exchange& exchange);

  void close_idle();
  size_t idle_count() const;

 private:
  // DialHandler
  void on_dialed(std::unique_ptr<uv::Socket> socket, size_t index) override;
  void on_dial_failed(const Error& error) override;
  // Http2ConnectionOwner
  void on_capacity() override { serve_waiting(); }
  void on_connection_over(Http2Connection& connection) override;

  bool place_now(Http2Exchange& exchange);
  void dial_for_waiting();
  void serve_waiting();

  uv::Loop& loop_;
  const PoolLimits& limits_;
  const Witness& witness_;
  Target target_;
  size_t last_good_ = 0;
  std::optional<Time> good_at_;  // when a connection was known to be there
  std::vector<std::unique_ptr<Http2Connection>> connections_;
  std::deque<Http2Exchange*> waiting_;
  std::unique_ptr<Dialer> dialer_;
};

}  // namespace ingress::origin
