// Raw TCP to machines: each CONNECT that is let in becomes a stream of kind kTcp, and the client's connection leaves
// the HTTP server for it. So it outlives the admin server of a broker that hands over, and ends when both sides have,
// its token is revoked, or the broker drains no longer. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "broker/carrier/carrier.h"
#include "broker/model/role.h"
#include "broker/routing/route_table.h"
#include "broker/tcp/tcp_access.h"
#include "common/server/exchange.h"
#include "common/uv/timer.h"

namespace ingress::broker::tcp {

class TcpConnection;

// Who connects.
struct TcpCaller {
  Role role;
  std::string actor;      // for the log; the id of an access token
  bool by_token = false;  // an access token: it may be revoked
};

class TcpConnects {
 public:
  // All outlive it.
  TcpConnects(uv::Loop& loop, const RouteTable& routes, Carrier& carrier);
  ~TcpConnects();
  TcpConnects(const TcpConnects&) = delete;
  TcpConnects& operator=(const TcpConnects&) = delete;

  // A CONNECT, `head.target` is HOST:PORT. As RequestAcceptor::on_request.
  server::RequestHandler* connect(server::Responder& responder, std::string_view target, const TcpCaller& caller);

  size_t open() const { return connections_.size(); }
  // `done` when none is left. Once.
  void drain(std::function<void()> done);
  // Cuts what is left.
  void close_all();

 private:
  friend class TcpConnection;
  void forget(TcpConnection& connection);
  void look_at_tokens();
  bool still_welcome(const TcpConnection& connection) const;

  uv::Loop& loop_;
  const RouteTable& routes_;
  Carrier& carrier_;
  uv::Timer timer_;
  std::unordered_map<TcpConnection*, std::unique_ptr<TcpConnection>> connections_;
  std::function<void()> on_drained_;
};

}  // namespace ingress::broker::tcp
