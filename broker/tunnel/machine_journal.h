// What has happened lately to each machine: its tunnels, ports, attachments, use. Bounded for a machine and in all; the
// oldest go first. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/text_hash.h"

namespace ingress::broker {

struct MachineEvent {
  uint64_t id = 0;   // grows over all machines, and from one process to the next
  int64_t at = 0;    // Unix milliseconds
  std::string type;  // "tunnel_up"
  std::string data;  // a JSON object
};

class MachineJournal {
 public:
  static constexpr size_t kMostOfMachine = 100;
  static constexpr size_t kMostBytes = size_t{16} * 1024 * 1024;

  // Ids begin behind `start`; as a rule the time in microseconds.
  explicit MachineJournal(uint64_t start) : start_(start), last_id_(start) {}
  MachineJournal(const MachineJournal&) = delete;
  MachineJournal& operator=(const MachineJournal&) = delete;

  void add(std::string_view machine, int64_t at, std::string type, std::string data);
  // The machine is no more; who follows it is told.
  void forget(std::string_view machine);

  struct Page {
    std::vector<MachineEvent> events;
    bool lost = false;  // there were others after the event that was asked from
  };
  // Those after the event `since` (0: all that there are), the oldest first.
  Page read(std::string_view machine, uint64_t since, size_t most) const;

  // Called, on whatever thread adds, when there is an event of the machine, until it is let go of; a call that is under
  // way then may still come.
  using Follower = std::shared_ptr<const std::function<void()>>;
  void follow(std::string_view machine, const Follower& follower);

 private:
  struct Entry {
    std::deque<MachineEvent> events;
    uint64_t dropped = 0;  // the id of the last one that had to go
  };
  struct Place {
    std::string machine;
    uint64_t id = 0;
  };

  void drop_oldest(Entry& entry);
  void keep_bounds();
  void tell(std::string_view machine);

  mutable std::mutex mutex_;
  const uint64_t start_;
  uint64_t last_id_;
  TextMap<Entry> machines_;
  std::deque<Place> order_;  // of all events, some of which are gone
  size_t bytes_ = 0;
  TextMap<std::vector<std::weak_ptr<const std::function<void()>>>> followers_;
};

}  // namespace ingress::broker
