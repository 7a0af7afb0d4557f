// A request's head as HTTP/2 sends it. Private to common/http.
#pragma once

#include <nghttp2/nghttp2.h>

#include <string_view>
#include <vector>

#include "common/http/head.h"

namespace ingress::http {

// Pseudo-fields first (:scheme is http), Host as :authority, then the fields but for those that HTTP/2 forbids
// (RFC 9113, 8.2.2). Views; nghttp2 makes the names lower-case when it copies them.
void request_fields(std::string_view method, std::string_view target, const Fields& fields,
                    std::vector<nghttp2_nv>& out);
void trailer_fields(const Fields& trailers, std::vector<nghttp2_nv>& out);

}  // namespace ingress::http
