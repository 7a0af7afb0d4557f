#include "broker/routing/policy_table.h"

#include <algorithm>

namespace ingress::broker {

std::shared_ptr<const Policy> PolicyTable::of(const std::string& json) {
  if (json == "{}") return nullptr;
  std::weak_ptr<const Policy>& known = known_[json];
  std::shared_ptr<const Policy> policy = known.lock();
  if (policy == nullptr) {
    policy = load_policy(json);
    known = policy;
    sets_http_mode_ = sets_http_mode_ || (policy != nullptr && policy->http_mode);
    if (known_.size() > look_at_) forget_unused();
  }
  return policy;
}

void PolicyTable::forget_unused() {
  std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
  look_at_ = std::max(kLeastLook, 2 * known_.size());
}

}  // namespace ingress::broker
