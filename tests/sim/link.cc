#include "tests/sim/link.h"

#include <algorithm>
#include <utility>

#include "tests/sim/connection.h"

namespace ingress::sim {

void Link::carry(Flow& flow, std::function<void()> arrival) {
  const Micros latency{random_.between(quality_.least_latency.count(), quality_.most_latency.count())};
  flow.last = std::max(flow.last, events_.now() + latency);
  events_.at(flow.last, [this, arrival = std::move(arrival)]() mutable {
    if (stalled()) {
      held_.push_back(std::move(arrival));
    } else {
      arrival();
    }
  });
}

size_t Link::piece(size_t most) {
  const size_t limit = std::min(most, quality_.most_piece);
  // Mostly whole, so that a run does not drown in events.
  return random_.chance(70) ? limit : static_cast<size_t>(random_.between(1, static_cast<int64_t>(limit)));
}

size_t Link::buffer_bytes() {
  // No slower than 100 kB/s: on a path of 10 kB/s a PING behind bulk data takes longer than the tunnel waits for it.
  const auto round_trip_ms = static_cast<size_t>(2 * quality_.most_latency.count() / 1000);
  const size_t least = std::max<size_t>(2048, round_trip_ms * 100);
  return std::max(least, random_.chance(50) ? quality_.buffer_bytes : quality_.buffer_bytes / 8);
}

void Link::heal() {
  if (stalls_ == 0 || --stalls_ > 0) return;
  for (std::function<void()>& arrival : std::exchange(held_, {})) arrival();
}

void Link::add(const std::shared_ptr<Connection>& connection) {
  std::erase_if(connections_, [](const std::weak_ptr<Connection>& each) { return each.expired(); });
  connections_.push_back(connection);
}

std::vector<std::shared_ptr<Connection>> Link::open_connections() {
  std::vector<std::shared_ptr<Connection>> open;
  for (const std::weak_ptr<Connection>& each : connections_) {
    std::shared_ptr<Connection> connection = each.lock();
    if (connection != nullptr && connection->open()) open.push_back(std::move(connection));
  }
  return open;
}

void Link::cut() {
  for (const std::shared_ptr<Connection>& connection : open_connections()) connection->cut();
}

void Link::cut_one() {
  const auto open = open_connections();
  if (!open.empty()) open[random_.below(open.size())]->cut();
}

}  // namespace ingress::sim
