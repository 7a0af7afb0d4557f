// All rows of the tables at one moment.
#pragma once

#include "broker/store/database.h"
#include "broker/store/store.h"

namespace ingress::broker {

// kIo where the database fails; its failure is cleared.
Result<Snapshot> read_tables(Database& database);

}  // namespace ingress::broker
