// Hosts, who listens on them, and the links between them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/connection.h"

namespace ingress::sim {

inline constexpr uint32_t kLoopback = 0x7f000001;

// A listening socket: connections wait here until somebody accepts them.
class ListenPoint {
 public:
  void add_watcher(SocketWatcher* watcher) { watchers_.push_back(watcher); }
  void remove_watcher(SocketWatcher* watcher);
  void arrive(std::shared_ptr<SimSocket> socket, Random& random);
  // Null where nobody waits.
  std::shared_ptr<SimSocket> accept();
  bool waiting() const { return !queue_.empty(); }
  void close();
  bool closed() const { return closed_; }

 private:
  std::deque<std::shared_ptr<SimSocket>> queue_;
  std::vector<SocketWatcher*> watchers_;
  bool closed_ = false;
};

class Host {
 public:
  Host(std::string name, uint32_t ip, EventQueue& events, Random& random, const LinkQuality& uplink)
      : name_(std::move(name)), ip_(ip), inside_(events, random, LinkQuality{}), uplink_(events, random, uplink) {}

  const std::string& name() const { return name_; }
  uint32_t ip() const { return ip_; }
  Link& inside() { return inside_; }
  Link& uplink() { return uplink_; }
  bool up() const { return up_; }
  void set_up(bool up) { up_ = up; }
  // A port that stays bound while processes come and go: its socket is a supervisor's.
  void hold(uint16_t port);
  std::shared_ptr<ListenPoint> listen(uint16_t port);  // null where the port is taken
  std::shared_ptr<ListenPoint> listener(uint16_t port) const;
  void stop_listening(uint16_t port, const std::shared_ptr<ListenPoint>& point);
  uint16_t next_port() { return next_port_++; }

 private:
  std::string name_;
  uint32_t ip_;
  Link inside_;
  Link uplink_;
  bool up_ = true;
  uint16_t next_port_ = 32768;
  std::map<uint16_t, std::shared_ptr<ListenPoint>> listeners_;
  std::map<uint16_t, bool> held_;
};

class Network {
 public:
  Network(EventQueue& events, Random& random) : events_(events), random_(random) {}

  Host& add_host(const std::string& name, uint32_t ip, const LinkQuality& uplink);
  // The near end, which is told when the attempt has an end.
  std::shared_ptr<SimSocket> connect(Host& from, SimAddress to);
  EventQueue& events() { return events_; }
  Random& random() { return random_; }

 private:
  Host* find(uint32_t ip);
  void answer(const std::shared_ptr<Connection>& connection, Host* to, uint16_t port);

  EventQueue& events_;
  Random& random_;
  std::vector<std::unique_ptr<Host>> hosts_;
};

}  // namespace ingress::sim
