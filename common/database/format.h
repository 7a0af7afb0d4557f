// What tells a database file of a broker from others, for those who read it without the broker.
#pragma once

#include <cstdint>

namespace ingress::db {

// "ingr": tells our files from other programs' (PRAGMA application_id).
inline constexpr int64_t kApplicationId = 0x696e6772;
// The newest schema (PRAGMA user_version); versions count from 1.
inline constexpr int64_t kSchemaVersion = 1;
// The columns and tables that came to it since, in steps (table `additions`). A file may have more.
inline constexpr int64_t kSchemaAdditions = 3;

}  // namespace ingress::db
