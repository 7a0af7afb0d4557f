// Text of others in answers of ours.
#pragma once

#include <string>
#include <string_view>

namespace ingress::http {

// Whole UTF-8 text passes; in anything else, bytes from 0x80 up become '?'.
std::string utf8_or_ascii(std::string_view text);
// A JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);
// Text that is safe in HTML's content and in quoted attributes.
void append_html(std::string& out, std::string_view text);

}  // namespace ingress::http
