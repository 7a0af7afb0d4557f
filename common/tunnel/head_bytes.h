// Which bytes may stand in the parts of a head that are no tokens. What these refuse could split or merge HTTP/1.1
// messages on the far side of the tunnel (RFC 9110, 5.5; RFC 9112, 3.2).
#pragma once

#include <string_view>

namespace ingress::tunnel {

// A request's target: one or more bytes, none of them a control character, a space or DEL.
bool is_target(std::string_view text);
// A field's value or a reason: no NUL, CR or LF. May be empty.
bool is_value(std::string_view text);

}  // namespace ingress::tunnel
