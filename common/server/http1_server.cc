#include "common/server/http1_server.h"

#include <cassert>
#include <utility>
#include <vector>

namespace ingress::server {

Http1Server::Http1Server(uv::Loop& loop, RequestAcceptor& acceptor, const ConnectionOptions& options)
    : loop_(loop), acceptor_(acceptor), options_(options) {}

Http1Server::~Http1Server() { assert(connections_.empty()); }

void Http1Server::serve(std::unique_ptr<transport::Connection> connection) {
  auto created = std::make_unique<Http1Connection>(*this, std::move(connection));
  Http1Connection* key = created.get();
  connections_.emplace(key, std::move(created));
}

void Http1Server::drain(std::function<void()> done) {
  draining_ = true;
  on_drained_ = std::move(done);
  std::vector<Http1Connection*> all;
  all.reserve(connections_.size());
  for (const auto& [key, owned] : connections_) all.push_back(key);
  for (Http1Connection* connection : all) connection->drain();
  if (connections_.empty() && on_drained_) std::exchange(on_drained_, nullptr)();
}

void Http1Server::close_all() {
  for (const auto& [key, owned] : connections_) key->cut();
}

void Http1Server::retire(Http1Connection* connection) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  loop_.bury(std::move(found->second));
  connections_.erase(found);
  if (connections_.empty() && on_drained_) std::exchange(on_drained_, nullptr)();
}

}  // namespace ingress::server
