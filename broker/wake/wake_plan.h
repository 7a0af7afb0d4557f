// When which machine's webhook is called: one call for however many requests wait. Pure: time and chance are passed in.
//
// A machine that somebody waits for is called at once; after a failure again while somebody waits, after a random part
// of 1 s, 2 s, 4 s … 30 s; after a success not before kQuiet is over. A machine that came needs no call, and gets
// none within kSettle, as those who waited for it leave only then. What is known of a machine is forgotten when it says
// nothing any more. Cost: the logarithm of the machines that are known. Thread: one at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/text_hash.h"

namespace ingress::broker {

// What is called, and for whom.
struct WakeWish {
  std::string_view machine;
  std::string_view url;
  std::string_view host;  // that the request came for
};

struct DueWake {
  std::string machine;
  std::string url;
  std::string host;
  size_t waiting = 0;  // requests
};

class WakePlan {
 public:
  static constexpr Duration kFirstPause{1000};
  static constexpr Duration kLongestPause{30000};
  static constexpr Duration kQuiet{30000};
  static constexpr Duration kSettle{1000};
  // A machine whose webhook answered well counts as starting for as long.
  static constexpr Duration kStarting{120000};
  // Calls under way at once; more wait for one to end.
  static constexpr size_t kMostCalls = 64;

  // A request waits; the last one names what is called.
  void want(const WakeWish& wish);
  // It waits no more.
  void leave(std::string_view machine);
  // The same for one that may not wait: a call is due where none is under way and no pause runs.
  void ask(const WakeWish& wish, Time now);
  // The machine has a tunnel.
  void came(std::string_view machine, Time now);
  // The machine was woken lately and has not come yet.
  bool starting(std::string_view machine, Time now) const;

  // Calls that begin now; each ends in called().
  std::vector<DueWake> due(Time now);
  // `chance` is in [0, 1).
  void called(std::string_view machine, bool woken, Time now, double chance);
  // When due() is to be asked next; nothing where that is after a change only.
  std::optional<Time> next() const;
  size_t known() const { return machines_.size(); }

 private:
  struct Machine {
    std::string url;
    std::string host;
    size_t waiting = 0;
    int failures = 0;    // since the last success
    bool asked = false;  // a call is due whoever waits
    bool calling = false;
    bool came = false;  // while it was called
    Time not_before{};  // the next call
    Time starting_until{};
    std::optional<Time> at;  // its place in due_
  };

  TextMap<Machine>::iterator known_for(const WakeWish& wish);
  void place(const std::string& name, Machine& machine);

  TextMap<Machine> machines_;
  // Those that nobody calls now: when they are called, or forgotten where nobody waits.
  std::set<std::pair<Time, std::string>> due_;
  size_t calling_ = 0;
};

}  // namespace ingress::broker
