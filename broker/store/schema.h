// The schema of the database file. Its version (PRAGMA user_version) says who can read it; additions (columns with a
// default, tables) leave the version as it is, so that the program from before them still works on the file.
#pragma once

#include <span>
#include <string>

#include "common/base/error.h"
#include "common/database/database.h"

namespace ingress::broker {

// The statements that lead from version N to N + 1 (the first makes an empty file version 1), and from addition to
// addition.
struct Schema {
  std::span<const char* const> versions;
  std::span<const char* const> additions;
};
Schema newest_schema();

// Sets the connection up, checks that the file is whole and ours, and brings it to the newest version and additions of
// `schema`, in one transaction and after a copy to `path`.vN (N: the version it had) or `path`.vN.M (M: its additions).
// A newer version is refused, and so is a file that is not ours. `problem` gets a sentence where it fails.
Status prepare_schema(db::Database& database, const std::string& path, const Schema& schema, std::string& problem);

// For readers: the file is ours, of a version up to the newest that we know, with all additions that we know.
Status check_schema(db::Database& database, const std::string& path, std::string& problem);

// The file, where there is one, is ours and of a version that this program can bring up or use. Nothing is made.
Status check_version(const std::string& path, std::string& problem);

}  // namespace ingress::broker
