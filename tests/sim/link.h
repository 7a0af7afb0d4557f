// The way between two hosts: how long bytes take, in what pieces they arrive, and what goes wrong. Nothing is lost or
// reordered within a connection, as TCP has it; a stalled link keeps what is on its way until it is healed.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "tests/sim/event_queue.h"
#include "tests/sim/random.h"

namespace ingress::sim {

class Connection;

struct LinkQuality {
  Micros least_latency{20};
  Micros most_latency{60};
  size_t most_piece = 65536;  // bytes that arrive together
  size_t buffer_bytes = 262144;
};

// One direction of one connection: what was sent first arrives first.
struct Flow {
  Micros last{0};
};

class Link {
 public:
  Link(EventQueue& events, Random& random, const LinkQuality& quality)
      : events_(events), random_(random), quality_(quality) {}

  const LinkQuality& quality() const { return quality_; }
  // Runs `arrival` once it has got through.
  void carry(Flow& flow, std::function<void()> arrival);
  size_t piece(size_t most);
  size_t buffer_bytes();

  void stall() { ++stalls_; }
  void heal();
  bool stalled() const { return stalls_ > 0; }
  // Every connection over it is broken off (RST at both ends).
  void cut();
  // One of them, by chance.
  void cut_one();
  void add(const std::shared_ptr<Connection>& connection);

 private:
  std::vector<std::shared_ptr<Connection>> open_connections();

  EventQueue& events_;
  Random& random_;
  LinkQuality quality_;
  int stalls_ = 0;
  std::vector<std::function<void()>> held_;
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace ingress::sim
