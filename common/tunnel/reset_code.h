// Why a stream was broken off: the codes of RESET on the wire, and the error that each one is to the stream's owner.
#pragma once

#include <cstdint>

#include "common/base/error.h"

namespace ingress::tunnel {

// Numbers are stable. A number that the receiver does not know is taken for kInternal.
enum class ResetCode : uint32_t {
  kCancelled = 0,       // the sender lost interest (its client left)
  kConnectFailed = 1,   // nothing accepted the connection to the origin; the origin saw nothing
  kOriginClosed = 2,    // the origin broke off
  kOriginProtocol = 3,  // the origin's answer was malformed or ambiguous
  kOriginTimeout = 4,
  kPortDenied = 5,    // the agent does not serve that port
  kHeadTooLarge = 6,  // an encoded head over kMaxHeadBytes
  kRefused = 7,       // the agent is draining, or knows no such kind of stream; nothing was done
  kStopSending = 8,   // the answer is complete, the rest of the request body is not wanted
  kInternal = 9,
  kConnectTimeout = 10,  // the origin saw nothing
  // From here to kLastHttp2Reset: an origin's RST_STREAM, with its code (RFC 9113, 7) above this one.
  kHttp2Reset = 0x100,
};

inline constexpr uint32_t kLastResetCode = 10;
inline constexpr uint32_t kLastHttp2Reset = 0x1ff;

// `code` is not 0.
inline constexpr ResetCode http2_reset(uint8_t code) {
  return static_cast<ResetCode>(static_cast<uint32_t>(ResetCode::kHttp2Reset) + code);
}

inline constexpr bool is_http2_reset(uint32_t number) {
  return number > static_cast<uint32_t>(ResetCode::kHttp2Reset) && number <= kLastHttp2Reset;
}

inline ResetCode reset_code_of(uint32_t number) {
  return number <= kLastResetCode || is_http2_reset(number) ? static_cast<ResetCode>(number) : ResetCode::kInternal;
}

// What a RESET with that code tells the owner of the stream that it ended.
Error error_of(ResetCode code);

}  // namespace ingress::tunnel
