#include "agent/ports/port_ledger.h"

#include <algorithm>
#include <utility>

namespace ingress::agent {

bool PortLedger::take(ListeningPorts found, Time now) {
  for (const ListeningPort& port : found.ports) seen_[port.number] = now;
  std::erase_if(seen_, [now](const auto& each) { return now - each.second >= kLately; });
  const bool changed = !std::exchange(looked_, true) || !(found == current_);
  if (changed) {
    current_ = std::move(found);
    hurry();
  } else if (++unchanged_ >= kPatience) {
    unchanged_ = 0;
    pause_ = std::min(pause_ * 2, kMostPause);
  }
  return changed;
}

bool PortLedger::listened_lately(int port, Time now) const {
  const auto found = seen_.find(port);
  return found != seen_.end() && now - found->second < kLately;
}

void PortLedger::hurry() {
  pause_ = kLeastPause;
  unchanged_ = 0;
}

}  // namespace ingress::agent
