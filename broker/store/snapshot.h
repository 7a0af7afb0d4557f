// All rows of the tables at one moment.
#pragma once

#include "broker/store/store.h"
#include "common/database/database.h"

namespace ingress::broker {

// kIo where the database fails; its failure is cleared.
Result<Snapshot> read_tables(db::Database& database);

}  // namespace ingress::broker
