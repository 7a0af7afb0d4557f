#include "common/uv/process_usage.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <vector>

namespace ingress::uv {
namespace {

TEST_CASE("a process knows what it uses") {
  const ProcessUsage usage = process_usage();
  CHECK(usage.cpu_seconds > 0);
  CHECK(usage.resident_bytes > 100'000);
  CHECK(usage.virtual_bytes >= usage.resident_bytes);
  CHECK(usage.most_descriptors >= usage.open_descriptors);
  const auto now = static_cast<double>(std::time(nullptr));
  CHECK(usage.started_at <= now + 2);
  CHECK(usage.started_at > now - 86'400);
}

TEST_CASE("descriptors are counted as they are opened and closed") {
  const size_t before = process_usage().open_descriptors;
  REQUIRE(before >= 3);
  std::vector<int> opened;
  opened.reserve(100);
  for (int i = 0; i < 100; ++i) opened.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(process_usage().open_descriptors == before + 100);
  for (const int fd : opened) ::close(fd);
  CHECK(process_usage().open_descriptors == before);
}

}  // namespace
}  // namespace ingress::uv
