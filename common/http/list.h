// Comma-separated lists of fields' values (RFC 9110, 5.6.1). Private to common/http.
#pragma once

#include <string_view>

#include "common/base/trim.h"

namespace ingress::http {

// The elements one after the other, without the white space around them; empty ones are handed out too. A comma in a
// quoted string is taken for a separator: only for lists of tokens.
class ListElements {
 public:
  explicit ListElements(std::string_view value) : rest_(value) {}

  bool next(std::string_view& element) {
    if (done_) return false;
    const size_t comma = rest_.find(',');
    done_ = comma == std::string_view::npos;
    element = trim_blanks(rest_.substr(0, comma));
    if (!done_) rest_.remove_prefix(comma + 1);
    return true;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace ingress::http
