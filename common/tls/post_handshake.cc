#include "common/tls/post_handshake.h"

#include <algorithm>

namespace ingress::tls {
namespace {

constexpr uint8_t kNewSessionTicket = 4;
constexpr uint8_t kKeyUpdate = 24;
constexpr uint8_t kUpdateRequested = 1;

PostHandshake::Outcome wrong(Alert alert) { return {alert, false, false}; }

}  // namespace

// The type and length of a message are there.
std::optional<Alert> PostHandshake::end_of_head() {
  const uint32_t length = uint32_t{head_[1]} << 16 | get_u16(head_ + 2);
  if (head_[0] == kNewSessionTicket && is_client_) {
    head_size_ = 0;
    skip_bytes_ = length;
    return std::nullopt;
  }
  if (head_[0] != kKeyUpdate) return Alert::kUnexpectedMessage;
  if (length != 1) return Alert::kDecodeError;
  return std::nullopt;
}

PostHandshake::Outcome PostHandshake::take(Bytes content) {
  while (!content.empty()) {
    if (skip_bytes_ > 0) {
      const size_t skipped = std::min<size_t>(skip_bytes_, content.size());
      skip_bytes_ -= static_cast<uint32_t>(skipped);
      content = content.subspan(skipped);
      continue;
    }
    const uint8_t next = content.front();
    content = content.subspan(1);
    if (head_size_ < kHeadBytes) {
      head_[head_size_++] = next;
      if (head_size_ < kHeadBytes) continue;
      if (const std::optional<Alert> alert = end_of_head()) return wrong(*alert);
      continue;
    }
    head_size_ = 0;
    if (next > kUpdateRequested) return wrong(Alert::kIllegalParameter);
    if (!content.empty()) return wrong(Alert::kUnexpectedMessage);
    return {std::nullopt, true, next == kUpdateRequested};
  }
  return {};
}

}  // namespace ingress::tls
