// A host as a client sent it, normalised: lower case, without `:port` and one trailing dot. Labels of 1–63 bytes of
// [a-z0-9_-], 253 bytes in all (RFC 1035, 2.3.4, and the underscore). Fixed memory, no allocation.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/error.h"

namespace ingress::broker {

inline constexpr size_t kMaxHostBytes = 253;
inline constexpr size_t kMaxLabelBytes = 63;

// The byte in lower case, or 0 where a label cannot hold it.
char host_byte(char c);

class HostName {
 public:
  // kInvalidHost for anything else, an IPv6 literal included; the old name is lost then.
  Status assign(std::string_view host);
  // Valid until the next assign.
  std::string_view text() const { return {text_, size_}; }

 private:
  char text_[kMaxHostBytes];
  size_t size_ = 0;
};

// The first label of a name, and what follows its dot ("" where nothing does).
std::string_view first_label(std::string_view name);
std::string_view after_first_label(std::string_view name);
// The last label of a name, and what precedes its dot ("" where nothing does).
std::string_view last_label(std::string_view name);
std::string_view before_last_label(std::string_view name);

}  // namespace ingress::broker
