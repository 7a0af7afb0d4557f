// Hexadecimal text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ingress {

// Of one digit, either case; over 15 for what is none.
unsigned hex_digit(char c);
// Lower case.
std::string to_hex(std::string_view bytes);
// Either case; nullopt where it is no whole number of bytes or has another character.
std::optional<std::string> from_hex(std::string_view text);

// Appends %XX, in upper case (RFC 3986, 2.1).
void append_percent_encoded(char c, std::string& out);

}  // namespace ingress
