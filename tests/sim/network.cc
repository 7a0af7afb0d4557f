#include "tests/sim/network.h"

#include <cerrno>
#include <utility>

namespace ingress::sim {

void ListenPoint::remove_watcher(SocketWatcher* watcher) {
  std::erase(watchers_, watcher);
  // It may have been the one that was woken.
  if (waiting() && !watchers_.empty()) watchers_.front()->on_socket_change();
}

void ListenPoint::arrive(std::shared_ptr<SimSocket> socket, Random& random) {
  queue_.push_back(std::move(socket));
  if (!watchers_.empty()) watchers_[random.below(watchers_.size())]->on_socket_change();
}

std::shared_ptr<SimSocket> ListenPoint::accept() {
  if (queue_.empty()) return nullptr;
  std::shared_ptr<SimSocket> first = std::move(queue_.front());
  queue_.pop_front();
  return first;
}

void ListenPoint::close() {
  closed_ = true;
  for (const std::shared_ptr<SimSocket>& each : queue_) {
    each->reset_on_close();
    each->close();
  }
  queue_.clear();
}

void Host::hold(uint16_t port) {
  held_[port] = true;
  listeners_[port] = std::make_shared<ListenPoint>();
}

std::shared_ptr<ListenPoint> Host::listen(uint16_t port) {
  if (held_.contains(port)) return listeners_[port];
  std::shared_ptr<ListenPoint>& point = listeners_[port];
  if (point != nullptr) return nullptr;
  point = std::make_shared<ListenPoint>();
  return point;
}

std::shared_ptr<ListenPoint> Host::listener(uint16_t port) const {
  const auto found = listeners_.find(port);
  return found == listeners_.end() ? nullptr : found->second;
}

void Host::stop_listening(uint16_t port, const std::shared_ptr<ListenPoint>& point) {
  const auto found = listeners_.find(port);
  if (held_.contains(port) || found == listeners_.end() || found->second != point) return;
  point->close();
  listeners_.erase(found);
}

Host& Network::add_host(const std::string& name, uint32_t ip, const LinkQuality& uplink) {
  hosts_.push_back(std::make_unique<Host>(name, ip, events_, random_, uplink));
  return *hosts_.back();
}

Host* Network::find(uint32_t ip) {
  for (const std::unique_ptr<Host>& host : hosts_) {
    if (host->ip() == ip) return host.get();
  }
  return nullptr;
}

std::shared_ptr<SimSocket> Network::connect(Host& from, SimAddress to) {
  Host* const target = to.ip == kLoopback ? &from : find(to.ip);
  // The way is that of the host which dials: the broker's own is never worse.
  auto connection = std::make_shared<Connection>(target == &from ? from.inside() : from.uplink());
  connection->link().add(connection);
  connection->name({to.ip == kLoopback ? kLoopback : from.ip(), from.next_port()}, to);
  connection->link().carry(connection->flow(0),
                           [this, connection, target, port = to.port] { answer(connection, target, port); });
  return Connection::end(connection, 0);
}

// The SYN is there. A host that is down says nothing, and the connection never comes to be.
void Network::answer(const std::shared_ptr<Connection>& connection, Host* to, uint16_t port) {
  if (to != nullptr && !to->up()) return;
  const std::shared_ptr<ListenPoint> point = to == nullptr ? nullptr : to->listener(port);
  if (point == nullptr) {
    connection->link().carry(connection->flow(1), [connection] { connection->refused(ECONNREFUSED); });
    return;
  }
  connection->opened(1);
  connection->link().carry(connection->flow(1), [connection] { connection->opened(0); });
  point->arrive(Connection::end(connection, 1), random_);
}

}  // namespace ingress::sim
