// Host patterns of routes: a host name whose labels may be `*` or hold one `*` (a wildcard stands for one byte or more,
// never for a dot), and whose first label may be `**` (one or more labels). The last label is literal.
// Pure functions; used by the store before a pattern is kept. `problem` gets a sentence where kInvalidArgument is
// given.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace ingress::broker {

// More wildcard labels in one pattern would let a few patterns multiply the ways to match a host.
inline constexpr size_t kMaxWildcardLabels = 4;

// Lower case, one trailing dot taken off.
Status normalise_pattern(std::string_view text, std::string& normalised, std::string& problem);
// The same for a name without wildcards (a custom domain); at least two labels.
Status normalise_domain(std::string_view text, std::string& normalised, std::string& problem);

inline bool is_wildcard(std::string_view pattern) { return pattern.find('*') != std::string_view::npos; }

}  // namespace ingress::broker
