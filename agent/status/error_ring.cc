#include "agent/status/error_ring.h"

#include <algorithm>
#include <utility>

namespace ingress::agent {

void ErrorRing::add(int64_t at, std::string code, std::string sentence) {
  SeenError error{at, std::move(code), std::move(sentence)};
  const auto same = std::find_if(errors_.begin(), errors_.end(), [&error](const SeenError& each) {
    return each.code == error.code && each.sentence == error.sentence;
  });
  if (same != errors_.end()) {
    error.times = same->times + 1;
    errors_.erase(same);
  }
  errors_.push_front(std::move(error));
  if (errors_.size() > kMost) errors_.pop_back();
}

}  // namespace ingress::agent
