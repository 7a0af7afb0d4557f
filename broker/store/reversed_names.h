// Names read from their end, so that those below a name, or those that a wildcard stands for, lie beside each other in
// an index. For the sources of the store alone.
#pragma once

#include <string>
#include <string_view>

#include "common/database/database.h"

namespace ingress::broker {

inline std::string reversed(std::string_view name) { return {name.rbegin(), name.rend()}; }
// Of a pattern: its host's.
inline std::string reversed_host(std::string_view pattern) { return reversed(pattern.substr(0, pattern.find('/'))); }

// Writes them to rows that have none: those of a file from before them, and those that an older program wrote since.
// Costs a look where there are none. A failure sticks in the database.
void reverse_names(db::Database& database);

}  // namespace ingress::broker
