// How a peer can break the protocol, or fall silent: each ends the session, with a named code in the GOAWAY that is
// written before, and an error for the owner.
#pragma once

#include <cstdint>

#include "common/base/error.h"

namespace ingress::tunnel {

enum class Breach : uint8_t {
  kBadFrame,         // a length or a value that its type does not allow, or a stream id where none belongs
  kUnexpectedFrame,  // a type that may not come in this direction or state
  kUnknownType,      // and not ignorable
  kFrameTooLarge,
  kBadHead,        // OPEN, HEAD or TRAILERS
  kBadMessage,     // a Protobuf payload
  kBadVersion,     // WELCOME with a version that was not offered
  kUnknownStream,  // a stream that was never opened, or an OPEN out of turn
  kBrokenStream,   // a frame that the stream's state does not allow
  kFlowControl,    // DATA beyond the credit, or credit beyond 2^31 - 1
  kSilence,
};

struct BreachInfo {
  ErrorCode code;
  int goaway_reason;  // Goaway.Reason of proto/tunnel.proto
  const char* context;
};

const BreachInfo& info_of(Breach breach);

inline Error error_of(Breach breach) {
  const BreachInfo& info = info_of(breach);
  return {info.code, Side::kTunnel, false, 0, info.context};
}

}  // namespace ingress::tunnel
