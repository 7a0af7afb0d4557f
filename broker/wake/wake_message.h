// What a wake webhook is sent: a POST with a JSON body, signed so that its receiver knows who asks and when.
//
// X-Iterate-Timestamp is Unix seconds; X-Iterate-Signature is "sha256=" and the hexadecimal HMAC-SHA256, by the
// broker's wake secret, of the timestamp, a dot, and the body. Plain values; nothing fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ingress::broker {

struct WakeMessage {
  std::string body;
  std::string timestamp;
  std::string signature;
};

WakeMessage wake_message(std::string_view machine, std::string_view host, int64_t unix_now, std::string_view secret);

}  // namespace ingress::broker
