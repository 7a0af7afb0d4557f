// Copies of a broker's database file, and the way back. Both answer a record for people and programs.
#pragma once

#include <string>

#include "ctl/outcome.h"

namespace ingress::ctl {

// Copies the database at `db`, which a broker may be writing, to the new file `to`: its state at one moment, checked
// (integrity, references), on disk, and readable by its owner alone. A file that is there is replaced with `force`;
// never one of the database itself, nor one of a database that is used (wrong usage).
Outcome<Json> back_up(const std::string& db, const std::string& to, bool force);

// Puts the backup at `from`, checked first, in the place of the database at `db`, which no broker may have open. What
// was there stays as DB.before-restore-TIME. At every moment the old or the new one is there, whole.
Outcome<Json> restore(const std::string& db, const std::string& from);

}  // namespace ingress::ctl
