// Text that may hold captures of a route's pattern, "ws-{project}-{user}": names in targets, values of header fields.
// Pure functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace ingress::broker {

inline bool has_capture(std::string_view text) { return text.find('{') != std::string_view::npos; }

// A capture's name: a letter, then letters, digits and `_`; 32 bytes at most.
bool is_capture_name(std::string_view name);

// Calls `name` for each {name} in turn; false where the braces do not fit or a name is none.
bool each_capture(std::string_view text, const std::function<void(std::string_view name)>& name);

// Appends the text to `out`, each {name} replaced by what `value` gives.
void expand(std::string_view text, const std::function<std::string_view(std::string_view name)>& value,
            std::string& out);

}  // namespace ingress::broker
