#include "broker/generations/machine_feed.h"

#include <algorithm>

namespace ingress::broker {
namespace {

// Lines that are written ahead of what the stream takes.
constexpr size_t kAheadBytes = size_t{16} * 1024;
// A sign and a machine's id.
constexpr size_t kMostLineBytes = 64;

}  // namespace

MachineFeed::MachineFeed(tunnel::Stream& stream, const RecentMachines& recent) : recent_(recent), stream_(&stream) {
  http::ResponseHead head;
  head.status = 200;
  stream.send_head(head, false);
  for (std::string& machine : recent.up()) due_.insert(std::move(machine));
  send();
}

void MachineFeed::tell(std::string_view machine) {
  if (stream_ == nullptr) return;
  due_.emplace(machine);
  send();
}

void MachineFeed::send() {
  while (stream_ != nullptr && (!lines_.empty() || !due_.empty())) {
    while (lines_.size() < kAheadBytes && !due_.empty()) {
      const auto first = due_.begin();
      lines_.append((recent_.up(*first) ? '+' : '-') + *first + '\n');
      due_.erase(first);
    }
    const size_t count = std::min(stream_->sendable(), lines_.size());
    if (count == 0) return;
    stream_->send_data(lines_.mutable_view().first(count), false);
    lines_.consume(count);
  }
  lines_.release();
}

bool MachineLines::take(std::string_view piece, Changes& changes) {
  while (!piece.empty()) {
    const size_t end = piece.find('\n');
    begun_ += piece.substr(0, end);
    if (begun_.size() > kMostLineBytes) return false;
    if (end == std::string_view::npos) return true;
    piece.remove_prefix(end + 1);
    if (begun_.size() < 2 || (begun_[0] != '+' && begun_[0] != '-')) return false;
    changes.insert_or_assign(begun_.substr(1), begun_[0] == '+');
    begun_.clear();
  }
  return true;
}

}  // namespace ingress::broker
