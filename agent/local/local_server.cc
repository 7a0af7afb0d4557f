#include "agent/local/local_server.h"

#include <utility>

#include "agent/local/local_requests.h"
#include "common/base/log.h"
#include "common/server/http1_server.h"
#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "common/uv/file_limit.h"

namespace ingress::agent {

namespace {

// Who came so lately is let be: its request may be on its way.
constexpr Duration kLeastWait{250};
constexpr Duration kLogInterval{10000};

}  // namespace

struct LocalServer::Impl {
  Impl(uv::Loop& with, const LocalOptions& options, LocalParts parts)
      : loop(with), requests(loop, options, std::move(parts)), server(loop, requests, options.connection) {}

  void accept(std::unique_ptr<uv::Socket> socket) {
    auto connection = std::make_unique<transport::Connection>(loop, std::move(socket), nullptr, Side::kClient);
    connection->start();
    server.serve(std::move(connection));
  }

  // False where nobody waits: then nothing is accepted for a while.
  bool make_room() {
    const auto [connection, since] = server.longest_waiting();
    const bool found = connection != nullptr && since <= loop.now() - kLeastWait;
    if (loop.now() >= full_logged + kLogInterval) {
      full_logged = loop.now();
      log_warn("local_connections_full", {{"then", found ? "one that waited was closed" : "none is accepted"}});
    }
    if (found) connection->give_way();
    return found;
  }

  uv::Loop& loop;
  LocalRequests requests;
  server::Http1Server server;
  std::unique_ptr<uv::Listener> listener;
  uv::Address address;
  Time full_logged{};
};

LocalServer::LocalServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalServer::~LocalServer() = default;

Result<std::unique_ptr<LocalServer>> LocalServer::start(uv::Loop& loop, const LocalOptions& options, LocalParts parts) {
  TargetPolicy& policy = parts.policy;
  auto impl = std::make_unique<Impl>(loop, options, std::move(parts));
  Impl* const accepting = impl.get();
  Result<std::unique_ptr<uv::Listener>> listener = uv::Listener::listen(
      loop, options.address, [accepting](std::unique_ptr<uv::Socket> socket) { accepting->accept(std::move(socket)); });
  if (!listener) return tl::unexpected(listener.error());
  impl->listener = std::move(*listener);
  const int descriptors = options.descriptors > 0 ? options.descriptors : uv::file_limit() / 4 * 3;
  impl->listener->set_limit(descriptors, [accepting] { return accepting->make_room(); });
  impl->address = impl->listener->local();
  if (impl->address.port != 0) policy.add_own_port(impl->address.port);
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(impl)));
}

void LocalServer::drain(std::function<void()> done) {
  impl_->listener.reset();
  impl_->server.drain(std::move(done));
}

void LocalServer::close_all() {
  impl_->listener.reset();
  impl_->server.close_all();
}

uv::Address LocalServer::address() const { return impl_->address; }

}  // namespace ingress::agent
