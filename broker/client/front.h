// The public listeners: TLS handshakes, then clients to the HTTP codec and agents to the tunnel registry, by ALPN. A
// client's first bytes in clear tell HTTP/2 (prior knowledge) from HTTP/1.1.
// Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/client/client_intake.h"
#include "broker/client/forwarder.h"
#include "broker/client/handshake_rate.h"
#include "broker/client/proxy_door.h"
#include "broker/observe/connection_counts.h"
#include "broker/tunnel/tunnel_lobby.h"
#include "broker/tunnel/tunnel_registry.h"
#include "common/server/http1_server.h"
#include "common/server/http2_server.h"
#include "common/tls/tls_context.h"
#include "common/transport/connection.h"
#include "common/uv/socket.h"
#include "common/uv/timer.h"

namespace ingress::broker {

struct FrontOptions {
  std::vector<uv::Address> http;
  std::vector<uv::Address> https;
};

// What a front takes on beside what it has.
struct FrontLimits {
  int descriptors = 0;                  // open in the process; 0: no limit
  HandshakeRate* handshakes = nullptr;  // null: no limit
};

// A listening socket, for the front of another loop.
struct SharedListener {
  uv::OwnedFd fd;
  bool tls = false;
};

class Front {
 public:
  // `clear` answers the --http listeners, `secure` the --https ones. All outlive the front. `certificates` may be null
  // where there is no https address.
  Front(uv::Loop& loop, const tls::ServerContext* certificates, TunnelRegistry& tunnels, server::RequestAcceptor& clear,
        server::RequestAcceptor& secure, const server::ConnectionOptions& options);
  ~Front();

  // With several loops: where new connections and new tunnels go first. Both outlive the front. Before it listens.
  void set_doors(ClientIntake& intake, TunnelLobby& lobby);
  // Before it listens.
  void set_limits(const FrontLimits& limits) { limits_ = limits; }
  // What is taken from proxies in front, by connections that come from now on.
  void set_proxies(const proxies::ProxySettings& settings);
  // Binds every address; the first that fails ends it, with `problem` saying which.
  Status listen(const FrontOptions& options, std::string& problem);
  // Accepts from sockets that the front of another loop has bound.
  Status listen(std::vector<SharedListener> listeners);
  // What it listens on, for another loop.
  std::vector<SharedListener> share_listeners() const;
  // Serves a client, or a tunnel, that was accepted here or handed here. Drops it while draining.
  void serve(std::unique_ptr<uv::Socket> socket, bool tls);
  // An agent's connection, agreed on by ALPN or by an Upgrade; it is not read.
  void welcome_tunnel(std::unique_ptr<transport::Connection> connection);
  // The bound addresses of the https listeners.
  std::vector<uv::Address> https_addresses() const;
  // Stops accepting; `settled` once who was accepted has come to a server, here or on another loop: handshakes end.
  void stop_accepting(std::function<void()> settled);
  // After that (on every loop: what they hand here is served); `done` when every client connection is gone. Each may
  // bring a request that was on its way.
  void drain(std::function<void()> done);
  void close_all();
  // For all connections, as the servers' set_options.
  void set_options(const server::ConnectionOptions& options);
  size_t client_count() const;
  ConnectionCounts counts() const;

 private:
  class Handshake;
  struct Bound {
    std::unique_ptr<uv::Listener> listener;
    bool tls;
  };

  uv::Listener::OnAccept on_accept(bool tls);
  void let_in(std::unique_ptr<uv::Socket> socket, bool tls);
  void serve_tls(std::unique_ptr<uv::Socket> socket);
  void serve_clear(std::unique_ptr<uv::Socket> socket);
  void end_handshake(Handshake* handshake);
  void settle(std::function<void()> then);
  void look_whether_settled();
  void drain_servers();
  Status bind(const uv::Address& address, bool tls, std::string& problem);
  void keep(std::unique_ptr<uv::Listener> listener, bool tls);
  // Closes a connection that has waited for a request, or in its handshake, for a second at least: the longest of
  // those that are looked at. False where there is none.
  bool make_room();
  bool may_shake_hands(uv::Socket& socket);
  void log_full(bool made_room);

  uv::Loop& loop_;
  const tls::ServerContext* certificates_;
  TunnelRegistry& tunnels_;
  server::Http1Server clear_;
  server::Http1Server secure_;
  server::Http2Server clear_http2_;
  server::Http2Server secure_http2_;
  ProxyDoor door_;
  proxies::TrustedProxies trusted_;
  ClientIntake* intake_ = nullptr;  // null with one loop
  TunnelLobby* lobby_ = nullptr;    // null with one loop
  FrontLimits limits_;
  uint64_t handshakes_done_ = 0;
  uint64_t handshakes_failed_ = 0;
  uint64_t handshakes_refused_ = 0;
  Time full_logged_{};  // when limits that were met were told
  Time refused_logged_{};
  std::vector<Bound> listeners_;
  std::vector<uv::Address> https_addresses_;
  std::unordered_map<Handshake*, std::unique_ptr<Handshake>> handshakes_;
  std::unique_ptr<uv::Timer> settle_timer_;  // while draining waits for who was accepted
  std::function<void()> on_settled_;
  std::function<void()> on_drained_;
  Time settled_by_{};
  bool drained_ = false;  // nobody is served any more
};

}  // namespace ingress::broker
