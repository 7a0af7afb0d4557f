// Classes of bytes in HTTP/1.1 messages (RFC 9110, 5.6; RFC 9112, 3; RFC 3986). Private to common/http.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ingress::http {

enum CharClass : uint8_t {
  kTargetChar = 1,  // visible ASCII but '#': a request carries no fragment
  kHostChar = 2,    // reg-name: unreserved, sub-delims, '%'
  kDigitChar = 4,
};

consteval std::array<uint8_t, 256> make_char_classes() {
  std::array<uint8_t, 256> classes{};
  constexpr std::string_view kHostMarks = "-._~!$&'()*+,;=%";
  for (int c = 0x21; c < 0x7f; ++c) {
    const char text = static_cast<char>(c);
    const bool digit = c >= '0' && c <= '9';
    const bool alphanumeric = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    uint8_t mask = 0;
    if (alphanumeric || kHostMarks.find(text) != std::string_view::npos) mask |= kHostChar;
    if (digit) mask |= kDigitChar;
    if (text != '#') mask |= kTargetChar;
    classes[static_cast<size_t>(c)] = mask;
  }
  return classes;
}

inline constexpr std::array<uint8_t, 256> kCharClasses = make_char_classes();

inline bool is(char c, CharClass which) { return (kCharClasses[static_cast<uint8_t>(c)] & which) != 0; }

// Length of the longest prefix whose bytes are all of the class.
inline size_t span_of(std::string_view text, CharClass which) {
  size_t size = 0;
  while (size < text.size() && is(text[size], which)) ++size;
  return size;
}
inline bool all_are(std::string_view text, CharClass which) { return span_of(text, which) == text.size(); }

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// -1 for anything but a hexadecimal digit.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Where the first control character (DEL too) other than HTAB lies, at or after `at`; the text's size where none does.
size_t find_control(std::string_view text, size_t at = 0);
inline bool has_control(std::string_view text) { return find_control(text) != text.size(); }

}  // namespace ingress::http
