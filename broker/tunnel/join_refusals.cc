#include "broker/tunnel/join_refusals.h"

#include <algorithm>

namespace ingress::broker {

void JoinRefusals::add(std::string_view machine, std::string_view join_token, std::string why, int64_t now) {
  const std::lock_guard lock(mutex_);
  if (refusals_.size() >= kMost) make_room(now);
  refusals_[{std::string(machine), std::string(join_token)}] = {std::move(why), now + kRememberedSeconds};
}

std::string JoinRefusals::why(std::string_view machine, std::string_view join_token, int64_t now) const {
  const std::lock_guard lock(mutex_);
  const auto found = refusals_.find({std::string(machine), std::string(join_token)});
  return found == refusals_.end() || found->second.until <= now ? std::string() : found->second.why;
}

void JoinRefusals::make_room(int64_t now) {
  std::erase_if(refusals_, [now](const auto& each) { return each.second.until <= now; });
  if (refusals_.size() < kMost) return;
  refusals_.erase(std::min_element(refusals_.begin(), refusals_.end(),
                                   [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
}

}  // namespace ingress::broker
