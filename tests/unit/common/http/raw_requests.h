// Raw requests and what is to be made of them: the malformations of RFC 9112 and what is known of lenient parsers,
// beside what must pass. Also the corpus of tests/differential.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ingress::http::test {

struct RawRequest {
  const char* name;
  std::string raw;
  size_t requests;    // that were read whole
  const char* error;  // then; "" where the bytes end in order or in the middle
  size_t body_bytes = 0;
};

std::vector<RawRequest> raw_requests();

}  // namespace ingress::http::test
