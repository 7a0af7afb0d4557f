#include "broker/tunnel/machine_journal.h"

#include <algorithm>
#include <utility>

namespace ingress::broker {
namespace {

// What an event costs beyond its text, about.
constexpr size_t kOverheadBytes = 256;

size_t cost_of(const MachineEvent& event) { return kOverheadBytes + event.type.size() + event.data.size(); }

}  // namespace

void MachineJournal::add(std::string_view machine, int64_t at, std::string type, std::string data) {
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = machines_.try_emplace(std::string(machine)).first->second;
    entry.events.push_back({++last_id_, at, std::move(type), std::move(data)});
    bytes_ += cost_of(entry.events.back());
    order_.push_back({std::string(machine), last_id_});
    if (entry.events.size() > kMostOfMachine) drop_oldest(entry);
    keep_bounds();
  }
  tell(machine);
}

void MachineJournal::drop_oldest(Entry& entry) {
  bytes_ -= cost_of(entry.events.front());
  entry.dropped = entry.events.front().id;
  entry.events.pop_front();
}

// A place whose event is gone already costs its turn, and nothing else.
void MachineJournal::keep_bounds() {
  while (!order_.empty() && (bytes_ > kMostBytes || order_.size() > kMostBytes / kOverheadBytes)) {
    const Place place = std::move(order_.front());
    order_.pop_front();
    const auto found = machines_.find(place.machine);
    if (found == machines_.end() || found->second.events.empty() || found->second.events.front().id != place.id)
      continue;
    drop_oldest(found->second);
    if (found->second.events.empty()) machines_.erase(found);
  }
}

void MachineJournal::forget(std::string_view machine) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = machines_.find(machine);
    if (found != machines_.end()) {
      while (!found->second.events.empty()) drop_oldest(found->second);
      machines_.erase(found);
    }
  }
  tell(machine);
}

MachineJournal::Page MachineJournal::read(std::string_view machine, uint64_t since, size_t most) const {
  const std::lock_guard lock(mutex_);
  Page page;
  page.lost = since != 0 && since < start_;
  const auto found = machines_.find(machine);
  if (found == machines_.end()) return page;
  page.lost = page.lost || (since != 0 && since < found->second.dropped);
  for (const MachineEvent& event : found->second.events) {
    if (event.id <= since) continue;
    if (page.events.size() == most) break;
    page.events.push_back(event);
  }
  return page;
}

void MachineJournal::follow(std::string_view machine, const Follower& follower) {
  const std::lock_guard lock(mutex_);
  auto& followers = followers_.try_emplace(std::string(machine)).first->second;
  std::erase_if(followers, [](const auto& each) { return each.expired(); });
  followers.push_back(follower);
}

// Outside the lock: who is told may read at once.
void MachineJournal::tell(std::string_view machine) {
  std::vector<Follower> told;
  {
    const std::lock_guard lock(mutex_);
    const auto found = followers_.find(machine);
    if (found == followers_.end()) return;
    std::erase_if(found->second, [&told](const auto& each) {
      Follower follower = each.lock();
      if (follower == nullptr) return true;
      told.push_back(std::move(follower));
      return false;
    });
    if (found->second.empty()) followers_.erase(found);
  }
  for (const Follower& follower : told) (*follower)();
}

}  // namespace ingress::broker
