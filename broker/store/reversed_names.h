// Names read from their end, so that those below a name, or those that a wildcard stands for, lie beside each other in
// an index. With `-` for each `_`: the two spellings of a name lie there, too, and what is found is compared by its own
// name. For the sources of the store alone.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "common/database/database.h"

namespace ingress::broker {

inline std::string reversed(std::string_view name) {
  std::string key(name.rbegin(), name.rend());
  std::replace(key.begin(), key.end(), '_', '-');
  return key;
}
// Of a pattern: its host's.
inline std::string reversed_host(std::string_view pattern) { return reversed(pattern.substr(0, pattern.find('/'))); }

// Writes them to rows that have none: those of a file from before them, and those that an older program wrote since.
// Costs a look where there are none. Their indexes are made behind the first fill, which would else write most of their
// pages in each of its transactions; one that is cut off goes on at the next call. A failure sticks in the database.
void reverse_names(db::Database& database);

}  // namespace ingress::broker
