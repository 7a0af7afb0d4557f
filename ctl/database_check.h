// Whether a database file is whole: its pages, its references, and its tables against its changes.
#pragma once

#include <string>
#include <vector>

#include "ctl/database.h"

namespace ingress::ctl {

struct Finding {
  std::string check;  // "integrity"
  bool good = false;
  std::string detail;
};

// SQLite's own checks: PRAGMA integrity_check and foreign_key_check.
std::vector<Finding> check_file(db::Database& file);

// check_file(); then "changes": revisions without a gap, each change fitting on those before it; and "tables": they are
// what the changes make of `base` (null: of nothing), an earlier state of the same database. All at one moment of the
// file, whatever a broker writes meanwhile.
std::vector<Finding> check_database(Database& database, Database* base);

}  // namespace ingress::ctl
