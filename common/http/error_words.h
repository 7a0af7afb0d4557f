// What an error is called where people read it. Private to common/http.
#pragma once

#include <string_view>

#include "common/base/error.h"

namespace ingress::http {

// A sentence about a public code.
std::string_view message_of(ErrorCode code);

}  // namespace ingress::http
