#include "agent/session/address_order.h"

#include <algorithm>

namespace ingress::agent {
namespace {

using Iterator = std::vector<uv::Address>::iterator;

void rotate_family(Iterator first, Iterator last, size_t turn) {
  if (first == last) return;
  std::sort(first, last, [](const uv::Address& a, const uv::Address& b) { return a.ip < b.ip; });
  std::rotate(first, first + static_cast<std::ptrdiff_t>(turn % static_cast<size_t>(last - first)), last);
}

}  // namespace

bool is_v6(const uv::Address& address) { return address.ip.find(':') != std::string::npos; }

std::vector<uv::Address> in_turn(std::vector<uv::Address> addresses, size_t turn) {
  if (addresses.empty()) return addresses;
  const bool v6_first = is_v6(addresses.front());
  const Iterator middle =
      std::stable_partition(addresses.begin(), addresses.end(),
                            [v6_first](const uv::Address& address) { return is_v6(address) == v6_first; });
  rotate_family(addresses.begin(), middle, turn);
  rotate_family(middle, addresses.end(), turn);
  return addresses;
}

}  // namespace ingress::agent
