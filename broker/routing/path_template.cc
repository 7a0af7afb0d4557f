#include "broker/routing/path_template.h"

namespace ingress::broker {

PathTemplate::PathTemplate(std::string_view shape) {
  if (shape.empty()) return;
  rest_ = false;
  while (!shape.empty()) {
    shape.remove_prefix(1);
    const std::string_view segment = shape.substr(0, shape.find('/'));
    shape.remove_prefix(segment.size());
    if (segment == "*") {
      rest_ = true;
    } else if (segment == "{}") {
      segments_.emplace_back();
    } else if (!segment.empty()) {
      std::string& literal = segments_.emplace_back();
      if (!decode_segment(segment, literal)) literal = segment;
      literal_bytes_ += literal.size();
    }
  }
}

bool PathTemplate::fits(const RequestPath& path) const {
  const size_t count = path.size();
  if (count < segments_.size() || (!rest_ && count != segments_.size())) return false;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (!segments_[i].empty() && segments_[i] != path.segment(i)) return false;
  }
  return true;
}

bool PathTemplate::before(const PathTemplate& other) const {
  if (literal_bytes_ != other.literal_bytes_) return literal_bytes_ > other.literal_bytes_;
  if (rest_ != other.rest_) return other.rest_;
  if (segments_.size() != other.segments_.size()) return segments_.size() > other.segments_.size();
  return segments_ < other.segments_;
}

}  // namespace ingress::broker
