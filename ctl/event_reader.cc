#include "ctl/event_reader.h"

#include <utility>

namespace ingress::ctl {

bool EventReader::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n' && std::exchange(after_cr_, false)) continue;
    after_cr_ = c == '\r';
    if (c == '\n' || c == '\r') {
      line(line_);
      line_.clear();
    } else if (line_.size() + event_.data.size() < kMostEventBytes) {
      line_ += c;
    } else {
      return false;
    }
  }
  return true;
}

void EventReader::line(std::string_view text) {
  if (text.empty()) return dispatch();
  const size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    event_.name = value;
  } else if (field == "id") {
    event_.id = value;
  } else if (field == "data") {
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  }
}

void EventReader::dispatch() {
  if (std::exchange(has_data_, false)) {
    if (event_.name.empty()) event_.name = "message";
    on_event_(event_);
  }
  event_.name.clear();
  event_.data.clear();
}

}  // namespace ingress::ctl
