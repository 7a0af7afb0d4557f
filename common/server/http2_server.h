// All HTTP/2 client connections of one acceptor on one loop. As Http1Server.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "common/server/connection_set.h"
#include "common/server/http2_connection.h"

namespace ingress::server {

class Http2Server {
 public:
  Http2Server(uv::Loop& loop, RequestAcceptor& acceptor, const ConnectionOptions& options);
  Http2Server(const Http2Server&) = delete;
  Http2Server& operator=(const Http2Server&) = delete;

  // `begun`: what was read of the connection already.
  void serve(std::unique_ptr<transport::Connection> connection, MutableBytes begun = {});
  // Every connection is told to go (GOAWAY) and closes with its last exchange. `done` once none is left.
  void drain(std::function<void()> done) { connections_.drain(std::move(done)); }
  // As ConnectionSet::longest_waiting().
  std::pair<Http2Connection*, Time> longest_waiting() { return connections_.longest_waiting(); }
  // Cuts what is left.
  void close_all() { connections_.close_all(); }

  size_t connection_count() const { return connections_.size(); }
  uv::Loop& loop() { return loop_; }
  RequestAcceptor& acceptor() { return acceptor_; }
  const ConnectionOptions& options() const { return options_; }
  // Times count from what begins next, on connections that are open, too; limits on those that come.
  void set_options(const ConnectionOptions& options) { options_ = options; }

 private:
  friend class Http2Connection;
  void retire(Http2Connection* connection) { connections_.retire(connection); }

  uv::Loop& loop_;
  RequestAcceptor& acceptor_;
  ConnectionOptions options_;
  ConnectionSet<Http2Connection> connections_;
};

}  // namespace ingress::server
