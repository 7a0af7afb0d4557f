// The page that a browser gets for an error of ours. Private to common/http.
#pragma once

#include <string>

#include "common/http/error_answer.h"

namespace ingress::http {

// `come_back`: the page fetches its URL every 2 s and reloads itself once the answer is not one of ours any more.
std::string error_page(int status, ErrorCode code, const ErrorDetails& details, bool come_back);

}  // namespace ingress::http
