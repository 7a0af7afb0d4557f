// Patterns of routes as text (broker/routing/pattern.h says what they are). Pure.
#pragma once

#include <string>
#include <string_view>

namespace ingress::ctl {

// What two spellings of one pattern have in common, and no other pattern has: the host in any case, with or without a
// dot at its end, captures by whatever name, the path of every path or none, literals encoded or not. Of a text that is
// no pattern it says nothing.
std::string pattern_shape(std::string_view pattern);

// The API writes a `?` of a path as %3F; databases and changes hold it as itself.
std::string pattern_as_kept(std::string pattern);

}  // namespace ingress::ctl
