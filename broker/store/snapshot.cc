#include "broker/store/snapshot.h"

#include "broker/store/schema.h"
#include "broker/store/tables.h"

namespace ingress::broker {
namespace {

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
  add<PutShare>(snapshot.shares, transaction);
  add<PutAccessToken>(snapshot.access_tokens, transaction);
  add<PutJoinToken>(snapshot.join_tokens, transaction);
  return transaction;
}

Result<Snapshot> read_tables(db::Database& database) {
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
  snapshot.shares = tables.shares();
  snapshot.access_tokens = tables.access_tokens();
  snapshot.join_tokens = tables.join_tokens();
  database.run("COMMIT");
  if (!database.failed()) return snapshot;
  const Error error = database.error();
  database.clear_failure();
  database.run("ROLLBACK");
  database.clear_failure();
  return tl::unexpected(error);
}

Result<Snapshot> read_snapshot(const std::string& path, std::string& problem) {
  Result<std::unique_ptr<db::Database>> database = db::Database::open_to_read(path, problem);
  if (!database) return tl::unexpected(database.error());
  if (Status good = check_schema(**database, path, problem); !good) return tl::unexpected(good.error());
  Result<Snapshot> snapshot = read_tables(**database);
  if (!snapshot) problem = "cannot read " + path;
  return snapshot;
}

}  // namespace ingress::broker
