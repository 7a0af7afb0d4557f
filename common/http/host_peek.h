// The Host in the first bytes of a clear connection, before a codec reads them. A hint for where the connection is
// served best, and nothing more: the request is read, checked and resolved by the codec and what is behind it. No I/O.
#pragma once

#include "common/base/bytes.h"
#include "common/base/peek.h"

namespace ingress::http {

// Beyond this a Host is not looked for.
inline constexpr size_t kMaxPeekBytes = size_t{8} * 1024;

// `bytes`: all that has come, from the connection's first byte on. kNone for HTTP/2, for a target that is no path, and
// for whatever does not look like a request.
Peek peek_host(Bytes bytes);

}  // namespace ingress::http
