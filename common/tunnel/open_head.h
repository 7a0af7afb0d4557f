// What an OPEN frame says of a stream.
#pragma once

#include <cstdint>

#include "common/base/clock.h"
#include "common/http/head.h"

namespace ingress::tunnel {

// What a stream is for. kProbe: the agent only connects to the port and answers with a HEAD of 204, or RESET. kH2c: as
// kHttp, to an origin that speaks HTTP/2 by prior knowledge. kHttps: as kHttp, to an origin that speaks it over TLS.
// kTcp: a connection to the port, opaque bytes behind a HEAD of 101; its OPEN has `upgrade`.
enum class StreamKind : uint8_t { kHttp = 0, kProbe = 1, kH2c = 2, kTcp = 3, kHttps = 4 };

inline bool is_known(StreamKind kind) { return kind <= StreamKind::kHttps; }

// An OPEN as it is sent or was received. Views are valid until the call returns.
struct OpenHead {
  StreamKind kind = StreamKind::kHttp;
  int port = 0;               // 1–65535
  bool upgrade = false;       // the client asks for an Upgrade; a 101 turns the stream into opaque bytes
  Duration connect_limit{0};  // how long connecting to the origin may take; 0: as long as the agent has it
  http::RequestHead request;  // method, target (origin-form), fields to send to the origin as they are
};

}  // namespace ingress::tunnel
