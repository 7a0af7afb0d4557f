#include "tests/unit/broker/store/lossy_store.h"

#include "broker/store/schema.h"
#include "broker/store/tables.h"

namespace ingress::broker {

bool LossyStore::open() {
  std::string problem;
  auto opened = db::Database::open(folder_.file("routes.db"), db::Database::Mode::kReadWrite, problem);
  if (!opened) return false;
  database_ = std::move(*opened);
  if (!prepare_schema(*database_, "routes.db", newest_schema(), problem)) return false;
  database_->run(pragmas_);
  revision_ = Tables(*database_).head();
  return !database_->failed();
}

CommitJob LossyStore::next_job(int64_t revision) {
  constexpr uint32_t kMostMetadataBytes = 9000;  // up to three pages
  Machine machine = StoreFixture::machine("m" + std::to_string(next_machine_++));
  machine.metadata = R"({"a":")" + std::string(random_() % kMostMetadataBytes, 'a') + R"("})";
  machine.created_at = revision;
  return {{"t", 0, {PutMachine{machine, true}}}, nullptr, {}};
}

bool LossyStore::commit() {
  std::vector<CommitJob> jobs;
  for (uint32_t i = 0; i <= random_() % 4; ++i) jobs.push_back(next_job(revision_));
  CommitBatch(*database_, revision_).run(jobs);
  for (const CommitJob& job : jobs) {
    if (job.outcome) continue;
    refusal_ = job.outcome.error();
    return false;
  }
  for (const CommitJob& job : jobs) {
    owed_[job.outcome->revision] = std::get<PutMachine>(job.transaction.changes[0]).machine.id;
  }
  return true;
}

std::string LossyStore::broken_promise() {
  db::Query check = database_->query("PRAGMA integrity_check");
  std::string whole = check.next() ? check.text(0) : database_->failure();
  if (whole != "ok") return whole;
  Tables tables(*database_);
  constexpr int kAll = 1000000;
  const std::vector<ChangeRow> rows = tables.changes_since(0, kAll);
  const std::vector<Machine> machines = tables.machines();
  if (database_->failed()) return database_->failure();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].revision != static_cast<int64_t>(i) + 1)
      return "a gap before revision " + std::to_string(rows[i].revision);
    if (!tables.machine(rows[i].subject)) return rows[i].subject + " is in the changes, not in the table";
  }
  if (machines.size() != rows.size()) return "machines without a change";
  for (const auto& [revision, machine] : owed_) {
    if (revision > static_cast<int64_t>(rows.size())) return "revision " + std::to_string(revision) + " is lost";
    if (rows[static_cast<size_t>(revision) - 1].subject != machine)
      return "another change is at " + std::to_string(revision);
  }
  return "";
}

}  // namespace ingress::broker
