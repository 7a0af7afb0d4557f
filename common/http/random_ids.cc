// xoshiro256++ (Blackman and Vigna, public domain), seeded by the kernel.
#include <sys/random.h>

#include <bit>
#include <random>

#include "common/http/forward_rules.h"

namespace ingress::http {

RandomIds::RandomIds() {
  if (getrandom(state_, sizeof(state_), 0) == static_cast<ssize_t>(sizeof(state_))) return;
  std::random_device device;
  for (uint64_t& word : state_) word = static_cast<uint64_t>(device()) << 32 | device();
}

uint64_t RandomIds::next() {
  const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

}  // namespace ingress::http
