// traceparent (W3C Trace Context, 3.2) and X-Request-Id. Private to common/http.
#pragma once

#include <string_view>

#include "common/http/forward_rules.h"

namespace ingress::http {

bool is_traceparent(std::string_view value);
// Of a good one.
std::string_view trace_id_of(std::string_view traceparent);
// 1 to 128 bytes of visible ASCII.
bool is_request_id(std::string_view value);

std::string_view new_traceparent(RandomIds& ids, Scratch& scratch);
std::string_view new_request_id(RandomIds& ids, Scratch& scratch);

}  // namespace ingress::http
