// The path of a route's pattern, to be held against requests. Made of a shape's path (pattern.h); no path at all fits
// every request. Plain value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/routing/request_path.h"

namespace ingress::broker {

class PathTemplate {
 public:
  PathTemplate() = default;
  explicit PathTemplate(std::string_view shape);

  bool everything() const { return rest_ && segments_.empty(); }
  // The path is not ambiguous.
  bool fits(const RequestPath& path) const;
  // Which of two comes first where both fit: more literal bytes, then no `*` at the end, then more segments, then the
  // text.
  bool before(const PathTemplate& other) const;

  size_t size() const { return segments_.size(); }
  // Decoded; "" for one that captures.
  const std::string& literal(size_t index) const { return segments_[index]; }

 private:
  std::vector<std::string> segments_;
  size_t literal_bytes_ = 0;
  bool rest_ = true;
};

}  // namespace ingress::broker
