// The client connections of one server, whatever their codec: it owns them, drains them and buries those that have
// closed. `Connection` is a Buryable with drain() (no further exchange; it closes after the running ones), cut(),
// waiting_since() and give_way().
// Thread: the loop's.
#pragma once

#include <cassert>
#include <functional>
#include <memory>
#include <optional>
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

  // Of a part of the connections, another one each time, the one that has waited longest for a request, with since when
  // (waiting_since()); null where none of them waits.
  std::pair<Connection*, Time> longest_waiting() {
    std::pair<Connection*, Time> found{nullptr, Time::max()};
    size_t looked_at = 0;
    for (size_t i = 0; i < connections_.bucket_count() && i < kMostBuckets && looked_at < kMostLooks; ++i) {
      cursor_ = (cursor_ + 1) % connections_.bucket_count();
      for (auto at = connections_.begin(cursor_); at != connections_.end(cursor_); ++at, ++looked_at) {
        const std::optional<Time> since = at->first->waiting_since();
        if (since && *since < found.second) found = {at->first, *since};
      }
    }
    return found;
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

  static constexpr size_t kMostLooks = 64;
  static constexpr size_t kMostBuckets = 512;

  uv::Loop& loop_;
  size_t cursor_ = 0;  // the bucket that was looked at last
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::function<void()> on_drained_;
  bool draining_ = false;
};

}  // namespace ingress::server
