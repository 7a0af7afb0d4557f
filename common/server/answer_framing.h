// What an answer's head says of its body, whatever the codec. Private to common/server.
#pragma once

#include <charconv>
#include <cstdint>
#include <system_error>

#include "common/http/head.h"

namespace ingress::server {

// Content-Length of an answer: absent, a number, or malformed (several, not a number).
struct AnswerLength {
  bool present = false;
  bool malformed = false;
  uint64_t bytes = 0;
};

inline AnswerLength answer_length(const http::Fields& fields) {
  AnswerLength result;
  for (const http::Field& field : fields) {
    if (field.name.size() != 14 || !http::iequals(field.name, "Content-Length")) continue;
    const char* end = field.value.data() + field.value.size();
    const auto parsed = std::from_chars(field.value.data(), end, result.bytes);
    if (result.present || parsed.ec != std::errc{} || parsed.ptr != end || result.bytes > UINT64_MAX / 2) {
      result.malformed = true;
    }
    result.present = true;
  }
  return result;
}

inline bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace ingress::server
