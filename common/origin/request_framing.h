// How the body of a request to an origin is framed (RFC 9112, 6.3). Private to common/origin.
#pragma once

#include <string_view>

#include "common/base/error.h"
#include "common/http/head.h"

namespace ingress::origin {

struct RequestFraming {
  http::BodyFraming body;
  bool te = false;  // the fields hold TE
};

// By the Content-Length field; chunked where there is none, no body where `end`. kBadRequest (side kClient) where the
// fields contradict themselves or `end`, or frame the body in another way: such a head is not sent.
Result<RequestFraming> request_framing(const http::Fields& fields, bool end);
// RFC 9110, 9.2.2.
bool is_idempotent(std::string_view method);

}  // namespace ingress::origin
