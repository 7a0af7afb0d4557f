// The policies of rows, each read once: rows with the same text share one. Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "broker/policy/policy.h"

namespace ingress::broker {

class PolicyTable {
 public:
  // null for a policy that sets nothing.
  std::shared_ptr<const Policy> of(const std::string& json);
  // Whether any that was read sets `http_mode`. It stays so after the last of them is gone.
  bool sets_http_mode() const { return sets_http_mode_; }

 private:
  static constexpr size_t kLeastLook = 64;

  void forget_unused();

  std::unordered_map<std::string, std::weak_ptr<const Policy>> known_;
  bool sets_http_mode_ = false;
  size_t look_at_ = kLeastLook;  // so many are known before the unused ones are looked for
};

}  // namespace ingress::broker
