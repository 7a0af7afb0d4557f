// Handshake messages that may come after the handshake (RFC 8446, 4.6): tickets, which nobody here uses, and KeyUpdate.
// Private to common/tls.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/bytes.h"

namespace ingress::tls {

// AlertDescription (RFC 8446, 6).
enum class Alert : uint8_t {
  kCloseNotify = 0,
  kUnexpectedMessage = 10,
  kBadRecordMac = 20,
  kRecordOverflow = 22,
  kIllegalParameter = 47,
  kDecodeError = 50,
  kInternalError = 80,
  kUserCanceled = 90,
};

class PostHandshake {
 public:
  // A client may be sent tickets, a server may not.
  explicit PostHandshake(bool is_client) : is_client_(is_client) {}

  struct Outcome {
    std::optional<Alert> alert;  // what is wrong: the session ends
    bool new_keys = false;       // a KeyUpdate ended this record: the peer's next one is under new keys
    bool asks_for_new_keys = false;
  };

  // One record's content, not empty. A ticket may span records; a KeyUpdate ends its record (5.1).
  Outcome take(Bytes content);
  // A message has begun and not ended: no other content may come between (5.1).
  bool within_message() const { return head_size_ > 0 || skip_bytes_ > 0; }

 private:
  static constexpr size_t kHeadBytes = 4;

  std::optional<Alert> end_of_head();

  const bool is_client_;
  uint8_t head_[kHeadBytes]{};
  uint8_t head_size_ = 0;
  uint32_t skip_bytes_ = 0;  // left of a ticket
};

}  // namespace ingress::tls
