#include "broker/admin/histogram_json.h"

namespace ingress::broker::admin {

std::string bounds_json() {
  JsonArray bounds;
  for (const Micros bound : Histogram::kBounds) {
    std::string text = std::to_string(bound.count() / 1000);
    if (bound.count() % 1000 != 0) text += "." + std::to_string(1000 + bound.count() % 1000).substr(1);
    bounds.add(text);
  }
  return std::move(bounds).take();
}

}  // namespace ingress::broker::admin
