// Which machines had a tunnel lately: for those a request waits, for others it is answered at once (design, section 6).
// Kept in a small file beside the database, so that a restarted broker knows whose agents are about to come back.
//
// Thread: any, but for load() and save(), which are the main one's.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/text_hash.h"

namespace ingress::broker {

class RecentMachines {
 public:
  static constexpr Duration kLately = std::chrono::minutes(10);

  // The machine's first tunnel is there, or its last one is gone.
  void came(std::string_view machine);
  void went(std::string_view machine, Time now);
  // It had one in another process of this broker; nothing where it has one here.
  void went_elsewhere(std::string_view machine, Time now);
  // It has a tunnel, or had one less than kLately ago.
  bool lately(std::string_view machine, Time now) const;

  // It has a tunnel; all that have one.
  bool up(std::string_view machine) const;
  std::vector<std::string> up() const;

  // What an earlier process left in `path`; a file that is not there, or is no such file, says nothing. Machines that
  // had a tunnel then count as gone at `now`. `unix_now` in seconds.
  void load(const std::string& path, Time now, int64_t unix_now);
  // Writes the file anew where something has changed since. False where it could not be written.
  bool save(const std::string& path, Time now, int64_t unix_now);

 private:
  struct Entry {
    bool up = false;
    Time went{};
  };

  void forget_old(Time now);

  mutable std::mutex mutex_;
  TextMap<Entry> machines_;
  bool changed_ = false;
};

}  // namespace ingress::broker
