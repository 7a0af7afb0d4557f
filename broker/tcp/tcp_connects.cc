#include "broker/tcp/tcp_connects.h"

#include <ctime>
#include <utility>
#include <vector>

#include "broker/model/expiry.h"
#include "broker/tcp/tcp_connection.h"

namespace ingress::broker::tcp {
namespace {

// A connection ends so soon after its token.
constexpr Duration kLook{500};

server::RequestHandler* refuse(server::Responder& responder, const Error& error) {
  http::ErrorDetails details;
  details.reason = error.context;
  responder.close_after_answer();
  server::send_answer(responder, http::error_answer(error, details, {}), error);
  return nullptr;
}

}  // namespace

TcpConnects::TcpConnects(uv::Loop& loop, const RouteTable& routes, Carrier& carrier)
    : loop_(loop), routes_(routes), carrier_(carrier), timer_(loop, [this] { look_at_tokens(); }) {
  timer_.unref();
}

TcpConnects::~TcpConnects() = default;

server::RequestHandler* TcpConnects::connect(server::Responder& responder, std::string_view target,
                                             const TcpCaller& caller) {
  const Result<TcpTarget> found = find_target(routes_.read(), caller.role, target);
  if (!found) return refuse(responder, found.error());
  auto made = std::make_unique<TcpConnection>(*this, *found, caller);
  TcpConnection* const connection = made.get();
  if (connections_.empty()) timer_.start(kLook, kLook);
  connections_.emplace(connection, std::move(made));
  server::RequestHandler* const handler = connection->start(responder);
  if (handler == nullptr) forget(*connection);
  return handler;
}

void TcpConnects::forget(TcpConnection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  loop_.bury(std::move(found->second));
  connections_.erase(found);
  if (!connections_.empty()) return;
  timer_.stop();
  if (on_drained_) loop_.defer(std::exchange(on_drained_, nullptr));
}

void TcpConnects::drain(std::function<void()> done) {
  on_drained_ = std::move(done);
  if (connections_.empty()) loop_.defer(std::exchange(on_drained_, nullptr));
}

void TcpConnects::close_all() {
  std::vector<TcpConnection*> all;
  for (const auto& [connection, owned] : connections_) all.push_back(connection);
  for (TcpConnection* const connection : all) connection->end();
}

bool TcpConnects::still_welcome(const TcpConnection& connection) const {
  const TcpCaller& caller = connection.caller();
  const RouteIndex& index = routes_.read();
  if (!still_reaches(index, caller.role, connection.target())) return false;
  if (!caller.by_token) return true;
  const AccessToken* const token = index.access_token(caller.actor);
  return token != nullptr && !is_over(token->expires_at, std::time(nullptr)) &&
         parse_role(token->role) == std::optional<Role>(caller.role);
}

void TcpConnects::look_at_tokens() {
  std::vector<TcpConnection*> unwelcome;
  for (const auto& [connection, owned] : connections_) {
    if (!still_welcome(*connection)) unwelcome.push_back(connection);
  }
  for (TcpConnection* const connection : unwelcome) connection->end();
}

}  // namespace ingress::broker::tcp
