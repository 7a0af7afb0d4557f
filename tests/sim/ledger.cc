#include "tests/sim/ledger.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/sim/random.h"

namespace ingress::sim {
namespace {

// A prime: no buffer's or window's size is a multiple of it.
constexpr size_t kPeriod = 65521;

const std::array<char, kPeriod>& pattern() {
  static const std::array<char, kPeriod> bytes = [] {
    Random random(1);
    std::array<char, kPeriod> made{};
    for (char& each : made) each = static_cast<char>(random.next());
    return made;
  }();
  return bytes;
}

// The longest run of the pattern that begins at a body's offset.
std::string_view pattern_at(uint32_t id, int direction, size_t offset) {
  const size_t at = (offset + size_t{id} * 7919 + static_cast<size_t>(direction) * 40503) % kPeriod;
  return std::string_view(pattern().data(), kPeriod).substr(at);
}

}  // namespace

std::string body_piece(uint32_t id, int direction, size_t offset, size_t size) {
  std::string piece;
  piece.reserve(size);
  while (piece.size() < size) piece += pattern_at(id, direction, offset + piece.size()).substr(0, size - piece.size());
  return piece;
}

bool body_matches(uint32_t id, int direction, size_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view expected = pattern_at(id, direction, offset);
    const size_t size = std::min(expected.size(), bytes.size());
    if (std::memcmp(expected.data(), bytes.data(), size) != 0) return false;
    bytes.remove_prefix(size);
    offset += size;
  }
  return true;
}

}  // namespace ingress::sim
