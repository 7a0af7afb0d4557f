// The schema of the database file and its versions (PRAGMA user_version). A migration adds, so that the version before
// can still read what it knows.
#pragma once

#include <span>
#include <string>

#include "common/base/error.h"
#include "common/database/database.h"

namespace ingress::broker {

// The statements that lead from version N to N + 1; the first makes an empty file version 1.
std::span<const char* const> migrations();

// Sets the connection up, checks that the file is whole and ours, and brings it to the newest version of `steps`, in
// one transaction and after a copy to `path`.vN (N: the version it had). A newer one is refused, and so is a file that
// is not ours. `problem` gets a sentence where it fails.
Status prepare_schema(db::Database& database, const std::string& path, std::span<const char* const> steps,
                      std::string& problem);

// For readers: the file is ours and of a version up to the newest that we know.
Status check_schema(db::Database& database, const std::string& path, std::string& problem);

}  // namespace ingress::broker
