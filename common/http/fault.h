// What is wrong with a message, before it is known whose it is. Private to common/http.
#pragma once

#include <cstdint>

namespace ingress::http {

struct Fault {
  enum class Kind : uint8_t { kMalformed, kBadHost, kTooLarge, kMethodNotAllowed };

  const char* text = nullptr;  // static; nullptr: nothing is wrong
  Kind kind = Kind::kMalformed;

  explicit operator bool() const { return text != nullptr; }
};

}  // namespace ingress::http
