// What is known of the machines that have been connected, for whoever asks: which ports listen there, as their agents
// tell, and how they are used, as the tunnels show. Of machines that are gone the latest kMostGone are kept.
// Thread: any.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/base/text_hash.h"

namespace ingress::broker {

struct MachinePort {
  int number = 0;
  std::string process;  // who listens, as it calls itself: printable ASCII; empty where that is not known

  bool operator==(const MachinePort&) const = default;
};

// The list of one agent process.
struct MachinePorts {
  static constexpr size_t kMost = 512;

  std::string instance;
  uint64_t revision = 0;           // a list that is not newer than another one of its instance is stale
  std::vector<MachinePort> ports;  // by number
  bool more = false;               // there are others
};

struct PortChanges {
  std::vector<MachinePort> opened;
  std::vector<MachinePort> closed;
};

// How a machine is used. Heart-beats and probes are no use.
struct MachineActivity {
  // Without a stream or a request for so long a machine is idle.
  static constexpr int64_t kIdleAfterMs = 60'000;

  int64_t since = 0;         // Unix milliseconds, as all times here: when the broker began to look
  int64_t last_request = 0;  // when the latest request came; 0: none has
  int64_t last_active = 0;   // when one came or ended; 0: none has
  size_t open = 0;           // exchanges under way
  size_t interactive = 0;    // of them, those that are WebSockets or another Upgrade
  bool active = false;       // something is open, or was less than kIdleAfterMs ago
};

// What one tunnel has seen since it told last.
struct ActivityNews {
  int64_t last_request = 0;  // 0: none
  int64_t last_active = 0;
  int64_t open = 0;  // so many more, or fewer
  int64_t interactive = 0;
};

// Streams that the agent still has in tunnels to an earlier process of this broker.
struct LeftStreams {
  size_t open = 0;
  size_t interactive = 0;
};

class MachineBook {
 public:
  static constexpr size_t kMostGone = 10'000;

  // An agent's list has come. A stale one is dropped: nullopt.
  std::optional<PortChanges> ports_came(std::string_view machine, MachinePorts ports);
  // A tunnel of that instance serves the machine: what another one has told holds no more.
  void instance_came(std::string_view machine, std::string_view instance, int64_t now);
  // Its last tunnel is gone.
  void went(std::string_view machine);
  // It is no more.
  void forget(std::string_view machine);

  // What a tunnel has seen; true where the machine has become active, or its first interactive stream has come or its
  // last one is gone.
  bool activity_came(std::string_view machine, const ActivityNews& news);
  // The same of what the agent that serves tells; it holds until it tells otherwise, or another one serves.
  bool left_came(std::string_view machine, const LeftStreams& left, int64_t now);
  // Machines that have become idle; to be asked once a second or so.
  std::vector<std::string> idle(int64_t now);

  // nullopt where no agent is connected that has told.
  std::optional<MachinePorts> ports(std::string_view machine) const;
  // nullopt where the machine was not connected lately. `now` is what an open stream makes of last_active.
  std::optional<MachineActivity> activity(std::string_view machine, int64_t now) const;

 private:
  struct Entry {
    MachinePorts ports;  // the last list, whoever told it: what changes is told from there
    MachineActivity activity;
    LeftStreams left;
    std::string instance;  // of the agent that serves, or did
    bool connected = false;
    bool told = false;  // the agent that serves now has told its ports
    uint64_t went = 0;  // the number of its place in gone_

    bool interactive() const { return activity.interactive + left.interactive > 0; }
  };
  struct Gone {
    std::string machine;
    uint64_t number = 0;
  };

  // True where it was not.
  bool make_active(TextMap<Entry>::value_type& machine);

  mutable std::mutex mutex_;
  TextMap<Entry> machines_;
  std::unordered_set<std::string> active_;
  std::deque<Gone> gone_;  // some of them are back
  uint64_t departures_ = 0;
};

}  // namespace ingress::broker
