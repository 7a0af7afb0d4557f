// What is known of a request when it is judged. Views of its head, valid while it is held.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/clock.h"
#include "common/http/head.h"

namespace ingress::broker {

struct Asked {
  const http::RequestHead& head;
  std::string_view host;       // as sent
  std::string_view host_name;  // normalised: lower case, no port
  std::string_view target;     // origin-form, or "*"
  std::string_view client_ip;
  int port = 0;  // that the client came to
  bool tls = false;
  bool upgrade = false;
  bool has_body = false;
  int64_t now = 0;  // Unix seconds
  Time loop_now{};
};

}  // namespace ingress::broker
