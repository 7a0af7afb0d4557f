// The request target taken apart. Private to common/http.
#pragma once

#include <string_view>

#include "common/http/forward_rules.h"

namespace ingress::http {

// RFC 9112, 3.2: origin-form, absolute-form (http and https), or "*" with OPTIONS; `out.host` is set by an
// absolute-form only. False for everything else; also for an absolute-form whose query follows the authority, which the
// reader of HTTP/1.1 has given its path before.
bool split_target(std::string_view method, std::string_view target, RequestTarget& out);

}  // namespace ingress::http
