// Patterns of routes, HOST or HOST/PATH.
//
// HOST is a host name whose labels may be `*` or hold one `*` (a wildcard stands for one byte or more, never for a
// dot), and whose first label may be `**` (one or more labels). The last label is literal. `{name}` is a `*` that
// captures. PATH is a template of segments: literal, `{name}` or `*` for one whole segment, and as the last one `*` for
// whatever follows, nothing too. Literal segments are compared after percent-decoding, empty ones are left out.
//
// Pure functions; used by the store before a pattern is kept. `problem` gets a sentence where kInvalidArgument is
// given.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace ingress::broker {

// More wildcard labels in one pattern would let a few patterns multiply the ways to match a host.
inline constexpr size_t kMaxWildcardLabels = 4;
inline constexpr size_t kMaxPathSegments = 32;

struct Pattern {
  // What tells a pattern from others: the host in lower case with `*` for each capture, the path with `{}` for each
  // segment that is not literal. "*.example.com", "ide.example.com/connect/{}/{}/*". Of a literal's bytes those stand
  // as %XX that would be read as something else (%, *, { and }), and those that are no UTF-8; the others are
  // themselves.
  std::string shape;
  // With the names of the captures, and `*` for a segment without one. "" where that is the shape.
  std::string text;
  // The name of each wildcard from left to right, "" for one without; `**` and a path's last `*` have none.
  std::vector<std::string> captures;
};

// What it gives (the text, or the shape where there is none) is read as the same pattern again.
Status read_pattern(std::string_view text, Pattern& pattern, std::string& problem);
// The same for a name without wildcards (a custom domain); at least two labels.
Status normalise_domain(std::string_view text, std::string& normalised, std::string& problem);

inline bool is_wildcard(std::string_view host) { return host.find('*') != std::string_view::npos; }
// The parts of a shape; the path begins with its slash, and is "" where there is none.
inline std::string_view host_of_shape(std::string_view shape) { return shape.substr(0, shape.find('/')); }
inline std::string_view path_of_shape(std::string_view shape) { return shape.substr(host_of_shape(shape).size()); }
// A host without wildcards, for every path: one that can be shown as a URL.
inline bool is_plain_host(std::string_view shape) { return shape.find_first_of("*/") == std::string_view::npos; }

}  // namespace ingress::broker
