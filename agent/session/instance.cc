#include "agent/session/instance.h"

#include <chrono>
#include <cstdint>
#include <cstring>

#include "common/tls/digest.h"

namespace ingress::agent {

std::string new_instance() {
  std::string instance = tls::random_bytes(kInstanceBytes);
  // The clock tells the two apart.
  const auto now = static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  uint64_t first = 0;
  std::memcpy(&first, instance.data(), sizeof first);
  first ^= now;
  std::memcpy(instance.data(), &first, sizeof first);
  return instance;
}

}  // namespace ingress::agent
