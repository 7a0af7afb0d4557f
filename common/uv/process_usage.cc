#include "common/uv/process_usage.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/uv/file_limit.h"

namespace ingress::uv {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The number behind a name at a line's begin; 0 where there is none.
size_t number_behind(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return std::stoul("0" + line.substr(line.find_first_of("0123456789", name.size())));
  }
  return 0;
}

// A poll of every number that the process's table has room for: closed ones say POLLNVAL. No entry of /proc is made
// for it, as listing the folder would, at a microsecond each.
size_t count_by_poll() {
  const size_t room = std::min(number_behind("/proc/self/status", "FDSize:"), static_cast<size_t>(file_limit()));
  std::vector<pollfd> all(room);
  for (size_t i = 0; i < all.size(); ++i) all[i].fd = static_cast<int>(i);
  if (::poll(all.data(), all.size(), 0) < 0) return 0;
  return static_cast<size_t>(
      std::count_if(all.begin(), all.end(), [](const pollfd& each) { return (each.revents & POLLNVAL) == 0; }));
}

// Since Linux 6.2 the folder's size is their number.
size_t open_descriptors() {
  struct stat info {};
  if (::stat("/proc/self/fd", &info) == 0 && info.st_size > 0) return static_cast<size_t>(info.st_size);
  return count_by_poll();
}

// Field 22 of /proc/self/stat, in ticks since the machine's start. The second field may hold anything in parentheses.
double started_at() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) fields >> field;
  const double ticks = std::strtod(field.c_str(), nullptr);
  return static_cast<double>(number_behind("/proc/stat", "btime ")) +
         ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) usage.cpu_seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  std::ifstream pages("/proc/self/statm");
  size_t all = 0;
  size_t resident = 0;
  if (pages >> all >> resident) {
    const auto page_bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    usage.virtual_bytes = all * page_bytes;
    usage.resident_bytes = resident * page_bytes;
  }
  usage.open_descriptors = open_descriptors();
  usage.most_descriptors = static_cast<size_t>(file_limit());
  usage.started_at = started_at();
  return usage;
}

}  // namespace ingress::uv
