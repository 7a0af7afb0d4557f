#include "common/server/http2_server.h"

#include <cassert>
#include <utility>
#include <vector>

namespace ingress::server {

Http2Server::Http2Server(uv::Loop& loop, RequestAcceptor& acceptor, const ConnectionOptions& options)
    : loop_(loop), acceptor_(acceptor), options_(options) {}

Http2Server::~Http2Server() { assert(connections_.empty()); }

void Http2Server::serve(std::unique_ptr<transport::Connection> connection, MutableBytes begun) {
  auto created = std::make_unique<Http2Connection>(*this, std::move(connection));
  Http2Connection* key = created.get();
  connections_.emplace(key, std::move(created));
  if (!begun.empty()) key->receive(begun);
  if (draining_) key->drain();
}

void Http2Server::drain(std::function<void()> done) {
  draining_ = true;
  on_drained_ = std::move(done);
  std::vector<Http2Connection*> all;
  all.reserve(connections_.size());
  for (const auto& [key, owned] : connections_) all.push_back(key);
  for (Http2Connection* connection : all) connection->drain();
  if (connections_.empty() && on_drained_) std::exchange(on_drained_, nullptr)();
}

void Http2Server::close_all() {
  for (const auto& [key, owned] : connections_) key->cut();
}

void Http2Server::retire(Http2Connection* connection) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  loop_.bury(std::move(found->second));
  connections_.erase(found);
  if (connections_.empty() && on_drained_) std::exchange(on_drained_, nullptr)();
}

}  // namespace ingress::server
