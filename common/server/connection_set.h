// The client connections of one server, whatever their codec: it owns them, drains them and buries those that have
// closed. `Connection` is a Buryable with drain() (no further exchange; it closes after the running ones) and cut().
// Thread: the loop's.
#pragma once

#include <cassert>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/uv/loop.h"

namespace ingress::server {

template <class Connection>
class ConnectionSet {
 public:
  explicit ConnectionSet(uv::Loop& loop) : loop_(loop) {}
  // Every connection has been retired.
  ~ConnectionSet() { assert(connections_.empty()); }
  ConnectionSet(const ConnectionSet&) = delete;
  ConnectionSet& operator=(const ConnectionSet&) = delete;

  Connection& add(std::unique_ptr<Connection> connection) {
    Connection* key = connection.get();
    connections_.emplace(key, std::move(connection));
    return *key;
  }

  // `done` once none is left.
  void drain(std::function<void()> done) {
    draining_ = true;
    on_drained_ = std::move(done);
    std::vector<Connection*> all;
    all.reserve(connections_.size());
    for (const auto& [key, owned] : connections_) all.push_back(key);
    for (Connection* connection : all) connection->drain();
    tell_drained();
  }

  void close_all() {
    for (const auto& [key, owned] : connections_) key->cut();
  }

  // It has closed: buried at the end of the iteration. Again, it does nothing.
  void retire(Connection* connection) {
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return;
    loop_.bury(std::move(found->second));
    connections_.erase(found);
    tell_drained();
  }

  bool draining() const { return draining_; }
  size_t size() const { return connections_.size(); }

 private:
  void tell_drained() {
    if (connections_.empty() && on_drained_) std::exchange(on_drained_, nullptr)();
  }

  uv::Loop& loop_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::function<void()> on_drained_;
  bool draining_ = false;
};

}  // namespace ingress::server
