// Request lines and status lines (RFC 9112, 3 and 4). Private to common/http.
#pragma once

#include <string_view>

#include "common/http/fault.h"
#include "common/http/head.h"

namespace ingress::http {

// The longest method that is taken.
inline constexpr size_t kMostMethodBytes = 64;

// method SP target SP HTTP/1.0 or HTTP/1.1. A target is visible ASCII (nginx lets bytes from 0x80 up pass, Node does
// not). Without `connect` CONNECT is a fault of its own kind.
Fault check_request_line(std::string_view line, bool connect = false);
// Splits a line that was checked.
void split_request_line(std::string_view line, RequestHead& head);
// False where no line that begins so can be a request line. Looks at a bounded number of bytes.
bool may_begin_request_line(std::string_view text);

// HTTP/1.x SP 3DIGIT, SP and a reason (the last SP may be absent where the reason is). False where malformed.
bool split_status_line(std::string_view line, ResponseHead& head);
bool may_begin_status_line(std::string_view text);

}  // namespace ingress::http
