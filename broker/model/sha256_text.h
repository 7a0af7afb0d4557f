// A SHA-256 as it is kept: 64 hexadecimal digits in lower case.
#pragma once

#include <string_view>

namespace ingress::broker {

inline bool is_sha256_text(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace ingress::broker
