#include "tests/bench/soak/pattern.h"

#include <cstring>
#include <vector>

namespace soak {
namespace {

std::vector<char> make_table() {
  std::vector<char> table(kPatternPeriod + kMostAtOnce);
  uint32_t state = 2463534242;
  for (size_t i = 0; i < kPatternPeriod; ++i) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    table[i] = static_cast<char>(state);
  }
  std::memcpy(table.data() + kPatternPeriod, table.data(), kMostAtOnce);
  return table;
}

}  // namespace

const char* pattern_at(uint64_t offset) {
  static const std::vector<char> table = make_table();
  return table.data() + offset % kPatternPeriod;
}

bool is_pattern(const char* bytes, size_t size, uint64_t offset) {
  return std::memcmp(bytes, pattern_at(offset), size) == 0;
}

}  // namespace soak
