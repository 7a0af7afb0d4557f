#include "common/tls/file_stamp.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>

namespace ingress::tls {
namespace {

constexpr long long kSecondNs = 1000000000;
// Ten times what a kernel's slowest clock has.
constexpr long long kTickNs = kSecondNs / 10;
// Of a file system that knows whole seconds, or pairs of them, alone.
constexpr long long kCoarseTickNs = 2 * kSecondNs;

long long ns_of(const timespec& time) { return time.tv_sec * kSecondNs + time.tv_nsec; }

long long clock_ns() {
  using std::chrono::nanoseconds;
  return std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

FileStamp FileStamp::of(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size, ns_of(found.st_mtim), ns_of(found.st_ctim)};
}

bool FileStamp::is_settled_at(long long now_ns) const {
  const long long tick = changed_ns % kSecondNs == 0 ? kCoarseTickNs : kTickNs;
  return is_there() && now_ns - changed_ns > tick;
}

PairStamp PairStamp::of(const std::string& crt_path) {
  const long long now = clock_ns();
  PairStamp stamp;
  stamp.certificate = FileStamp::of(crt_path);
  stamp.key = FileStamp::of(std::filesystem::path(crt_path).replace_extension(".key").string());
  stamp.settled = stamp.certificate.is_settled_at(now) && stamp.key.is_settled_at(now);
  return stamp;
}

}  // namespace ingress::tls
