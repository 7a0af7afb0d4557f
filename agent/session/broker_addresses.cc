#include "agent/session/broker_addresses.h"

#include <algorithm>
#include <utility>

#include "agent/session/address_order.h"

namespace ingress::agent {

BrokerAddresses::Rank BrokerAddresses::rank(const std::string& address, int slot, bool other_family, Time now) const {
  const auto avoided = avoided_.find(address);
  const bool avoid = avoided != avoided_.end() && now < avoided->second + kAvoided;
  size_t failed = 0;
  size_t others = 0;
  for (const auto& [number, known] : slots_) {
    if (number != slot) {
      others += known.place == address ? 1 : 0;
    } else if (const auto found = known.failed.find(address); found != known.failed.end()) {
      failed = found->second;
    }
  }
  return {avoid ? avoided->second : Time::min(), failed, other_family, others};
}

std::vector<uv::Address> BrokerAddresses::in_order(std::vector<uv::Address> resolved, int slot, Time now) const {
  resolved = in_turn(std::move(resolved), first_turn_ + static_cast<size_t>(slot));
  std::vector<std::pair<Rank, uv::Address>> ranked;
  ranked.reserve(resolved.size());
  for (const uv::Address& address : resolved) {
    ranked.emplace_back(rank(address.to_text(), slot, is_v6(address) != is_v6(resolved.front()), now), address);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(ranked.begin(), ranked.end(), resolved.begin(), [](auto& each) { return std::move(each.second); });
  return resolved;
}

void BrokerAddresses::avoid(const std::string& address, Time now) {
  std::erase_if(avoided_, [now](const auto& each) { return now >= each.second + kAvoided; });
  avoided_[address] = now;
}

}  // namespace ingress::agent
