#include "broker/dashboard/assets.h"

#include <algorithm>

namespace ingress::broker::dashboard {

const Asset* find(std::string_view name) {
  const std::span<const Asset> all = assets();
  const auto found = std::find_if(all.begin(), all.end(), [name](const Asset& asset) { return asset.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace ingress::broker::dashboard
