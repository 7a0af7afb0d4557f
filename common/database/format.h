// What tells a database file of a broker from others, for those who read it without the broker.
#pragma once

#include <cstdint>
#include <string>

namespace ingress::db {

// "ingr": tells our files from other programs' (PRAGMA application_id).
inline constexpr int64_t kApplicationId = 0x696e6772;
// The newest schema (PRAGMA user_version); versions count from 1.
inline constexpr int64_t kSchemaVersion = 1;
// The columns and tables that came to it since, in steps (table `additions`). A file may have more.
inline constexpr int64_t kSchemaAdditions = 3;

// What a broker that knows versions up to `newest` says of a file, behind its name.
inline std::string of_newer_schema(int64_t version, int64_t newest = kSchemaVersion) {
  return "has schema version " + std::to_string(version) + "; this program knows versions up to " +
         std::to_string(newest) + ": use a newer program, or the copy from before the upgrade";
}

}  // namespace ingress::db
