#include "broker/tunnel/recent_machines.h"

#include <cstdio>
#include <fstream>
#include <sstream>

namespace ingress::broker {

void RecentMachines::came(std::string_view machine) {
  const std::lock_guard lock(mutex_);
  machines_.insert_or_assign(std::string(machine), Entry{true, {}});
  changed_ = true;
}

void RecentMachines::went(std::string_view machine, Time now) {
  const std::lock_guard lock(mutex_);
  machines_.insert_or_assign(std::string(machine), Entry{false, now});
  changed_ = true;
}

void RecentMachines::went_elsewhere(std::string_view machine, Time now) {
  const std::lock_guard lock(mutex_);
  Entry& entry = machines_.try_emplace(std::string(machine)).first->second;
  if (entry.up) return;
  entry.went = now;
  changed_ = true;
}

bool RecentMachines::lately(std::string_view machine, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  return found != machines_.end() && (found->second.up || now - found->second.went < kLately);
}

bool RecentMachines::up(std::string_view machine) const {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  return found != machines_.end() && found->second.up;
}

std::vector<std::string> RecentMachines::up() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> machines;
  for (const auto& [machine, entry] : machines_) {
    if (entry.up) machines.push_back(machine);
  }
  return machines;
}

void RecentMachines::forget_old(Time now) {
  std::erase_if(machines_, [now](const auto& entry) { return !entry.second.up && now - entry.second.went >= kLately; });
}

// A line a machine: its id and the Unix second in which its last tunnel went, 0 where it has one.
void RecentMachines::load(const std::string& path, Time now, int64_t unix_now) {
  const std::lock_guard lock(mutex_);
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string machine;
    int64_t second = 0;
    if (!(words >> machine >> second)) continue;
    const Duration ago = second == 0 ? Duration{0} : Duration(std::chrono::seconds(unix_now - second));
    if (ago >= Duration{0} && ago < kLately) machines_.emplace(machine, Entry{false, now - ago});
  }
}

bool RecentMachines::save(const std::string& path, Time now, int64_t unix_now) {
  std::ostringstream lines;
  {
    const std::lock_guard lock(mutex_);
    if (!changed_) return true;
    changed_ = false;
    forget_old(now);
    for (const auto& [machine, entry] : machines_) {
      const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - entry.went);
      lines << machine << ' ' << (entry.up ? 0 : unix_now - ago.count()) << '\n';
    }
  }
  // A reader sees the old file or the new one.
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::trunc);
  file << lines.str();
  file.close();
  if (file.good() && std::rename(fresh.c_str(), path.c_str()) == 0) return true;
  const std::lock_guard lock(mutex_);
  changed_ = true;
  return false;
}

}  // namespace ingress::broker
