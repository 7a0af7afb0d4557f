// Heads of HTTP messages as views: what every codec (HTTP/1.1, HTTP/2, tunnel frames) reads into and writes from.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ingress::http {

// Name in the sender's case. Views into whatever buffer the head was read from.
struct Field {
  std::string_view name;
  std::string_view value;
};

using Fields = std::vector<Field>;

// Views are valid as long as the codec that handed them out says (as a rule: until the callback returns).
struct RequestHead {
  std::string_view method;
  std::string_view target;  // as sent: origin-form, absolute-form, authority-form or "*"
  uint8_t minor_version = 1;
  Fields fields;

  void clear();
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  uint8_t minor_version = 1;
  Fields fields;

  void clear();
};

// How a message's body ends (RFC 9112, section 6).
enum class BodyKind : uint8_t { kNone, kLength, kChunked, kUntilClose, kUpgraded };

struct BodyFraming {
  BodyKind kind = BodyKind::kNone;
  uint64_t length = 0;  // kLength only
};

// Two texts of one size, whatever their case, ASCII.
bool same_but_case(std::string_view a, std::string_view b);
// Case-insensitive, ASCII.
inline bool iequals(std::string_view a, std::string_view b) { return a.size() == b.size() && same_but_case(a, b); }
// First field of that name, nullptr where none.
const Field* find_field(const Fields& fields, std::string_view name);
// True where the comma-separated list of any field `name` holds `token` (case-insensitive).
bool has_token(const Fields& fields, std::string_view name, std::string_view token);

}  // namespace ingress::http
