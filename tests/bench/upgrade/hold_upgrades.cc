// Opens many upgraded connections and holds them, idle, until it is told to stop: the load of the idle figures.
// hold_upgrades clear|tls PORT HOST COUNT, to 127.0.0.1
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/upgrade/upgrade.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: hold_upgrades clear|tls PORT HOST COUNT\n");
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  ssl_ctx_st* const tls = std::string_view(argv[1]) == "tls" ? soak::tls_context() : nullptr;
  const auto count = static_cast<size_t>(std::atoi(argv[4]));
  std::vector<std::unique_ptr<soak::Stream>> held;
  while (held.size() < count) {
    held.push_back(upgrade::open(std::atoi(argv[2]), tls, argv[3]));
    if (held.back() == nullptr) {
      std::fprintf(stderr, "hold_upgrades: number %zu was refused\n", held.size());
      return 1;
    }
  }
  std::fprintf(stderr, "holding %zu\n", held.size());
  while (true) pause();
}
