#include "broker/store/snapshot.h"

#include <unistd.h>

#include "broker/store/schema.h"
#include "broker/store/tables.h"

namespace ingress::broker {
namespace {

// A file in a folder that cannot be written has no place for SQLite's shared memory; where no log of a writer lies
// beside it, it can be read as it is.
Result<std::unique_ptr<Database>> open_for_reading(const std::string& path, std::string& problem) {
  Result<std::unique_ptr<Database>> opened = Database::open(path, Database::Mode::kReadOnly, problem);
  if (!opened) return opened;
  (*opened)->query("SELECT count(*) FROM sqlite_schema").run();
  if (!(*opened)->failed()) return opened;
  if (::access((path + "-wal").c_str(), F_OK) == 0) return opened;
  return Database::open(path, Database::Mode::kImmutable, problem);
}

template <class Change, class Record>
void add(std::vector<Record>& records, Transaction& transaction) {
  for (Record& record : records) transaction.changes.emplace_back(Change{std::move(record)});
  std::vector<Record>().swap(records);
}

}  // namespace

Transaction rebuild_transaction(Snapshot snapshot) {
  Transaction transaction;
  transaction.actor = "rebuild";
  add<PutMachine>(snapshot.machines, transaction);
  add<PutToken>(snapshot.tokens, transaction);
  add<PutProject>(snapshot.projects, transaction);
  add<PutService>(snapshot.services, transaction);
  add<PutRoute>(snapshot.routes, transaction);
  add<PutDomain>(snapshot.domains, transaction);
  return transaction;
}

Result<Snapshot> read_tables(Database& database) {
  database.run("BEGIN");
  Tables tables(database);
  Snapshot snapshot;
  snapshot.revision = tables.head();
  snapshot.machines = tables.machines();
  snapshot.tokens = tables.tokens();
  snapshot.projects = tables.projects();
  snapshot.services = tables.services();
  snapshot.routes = tables.routes();
  snapshot.domains = tables.domains();
  database.run("COMMIT");
  if (!database.failed()) return snapshot;
  const Error error = database.error();
  database.clear_failure();
  database.run("ROLLBACK");
  database.clear_failure();
  return tl::unexpected(error);
}

Result<Snapshot> read_snapshot(const std::string& path, std::string& problem) {
  Result<std::unique_ptr<Database>> database = open_for_reading(path, problem);
  if (!database) return tl::unexpected(database.error());
  if (Status good = check_schema(**database, path, problem); !good) return tl::unexpected(good.error());
  Result<Snapshot> snapshot = read_tables(**database);
  if (!snapshot) problem = "cannot read " + path;
  return snapshot;
}

}  // namespace ingress::broker
