// All HTTP/1.1 client connections of one acceptor on one loop.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "common/server/connection_set.h"
#include "common/server/http1_connection.h"

namespace ingress::server {

class Http1Server {
 public:
  Http1Server(uv::Loop& loop, RequestAcceptor& acceptor, const ConnectionOptions& options);
  Http1Server(const Http1Server&) = delete;
  Http1Server& operator=(const Http1Server&) = delete;

  // Whom a connection goes to that begins with the preface of HTTP/2 (prior knowledge), with what was read of it.
  // Without this, such a connection is answered as one that is not HTTP/1.1.
  using OnHttp2 = std::function<void(std::unique_ptr<transport::Connection> connection, MutableBytes begun)>;
  void set_on_http2(OnHttp2 on_http2) { on_http2_ = std::move(on_http2); }
  // Serves a connection whose handshake is done (or a clear one that has been started).
  void serve(std::unique_ptr<transport::Connection> connection);
  // Idle connections close now, others after their exchange. `done` once none is left.
  void drain(std::function<void()> done) { connections_.drain(std::move(done)); }
  // As ConnectionSet::longest_waiting().
  std::pair<Http1Connection*, Time> longest_waiting() { return connections_.longest_waiting(); }
  // Cuts what is left.
  void close_all() { connections_.close_all(); }

  bool draining() const { return connections_.draining(); }
  size_t connection_count() const { return connections_.size(); }
  uv::Loop& loop() { return loop_; }
  RequestAcceptor& acceptor() { return acceptor_; }
  const ConnectionOptions& options() const { return options_; }
  // Times count from what begins next, on connections that are open, too; limits on those that come.
  void set_options(const ConnectionOptions& options) { options_ = options; }

 private:
  friend class Http1Connection;
  void retire(Http1Connection* connection) { connections_.retire(connection); }

  uv::Loop& loop_;
  RequestAcceptor& acceptor_;
  ConnectionOptions options_;
  ConnectionSet<Http1Connection> connections_;
  OnHttp2 on_http2_;
};

}  // namespace ingress::server
