#include <bit>
#include <random>

#include "common/http/forward_rules.h"

namespace ingress::http {

RandomIds::RandomIds() {
  std::random_device kernel;
  for (uint64_t& word : state_) word = static_cast<uint64_t>(kernel()) << 32 | kernel();
  state_[0] |= 1;  // all zero would stay zero
}

// xoshiro256**
uint64_t RandomIds::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
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
