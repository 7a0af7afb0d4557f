// A name in a sentence for people: "name". Not escaped.
#pragma once

#include <string>
#include <string_view>

namespace ingress {

inline std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace ingress
