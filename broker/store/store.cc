#include "broker/store/store.h"

#include "broker/store/reversed_names.h"
#include "broker/store/schema.h"
#include "broker/store/store_thread.h"
#include "broker/store/tables.h"

namespace ingress::broker {
namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(uv::Loop& loop, std::unique_ptr<db::Database> database, int64_t revision)
      : thread_(loop, std::move(database), revision) {}

  void set_on_committed(OnCommitted on_committed) override { thread_.set_on_committed(std::move(on_committed)); }
  void commit(Transaction transaction, std::function<void(tl::expected<Commit, StoreError>)> on_done) override {
    thread_.give(CommitJob{std::move(transaction), std::move(on_done), {}});
  }
  void transact(std::string actor, int64_t at, Make make,
                std::function<void(tl::expected<Commit, StoreError>)> on_done) override {
    thread_.give(CommitJob{{std::move(actor), at, {}}, std::move(on_done), {}, std::move(make)});
  }
  void read(std::function<void(Tables&)> ask, std::function<void(Status)> on_done) override {
    thread_.give(ReadJob{std::move(ask), std::move(on_done)});
  }
  void snapshot(std::function<void(Result<Snapshot>)> on_done) override {
    thread_.give(SnapshotJob{std::move(on_done)});
  }

 private:
  StoreThread thread_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(uv::Loop& loop, const std::string& path, std::string& problem) {
  Result<std::unique_ptr<db::Database>> database = db::Database::open(path, db::Database::Mode::kReadWrite, problem);
  if (!database) return tl::unexpected(database.error());
  if (Status good = prepare_schema(**database, path, newest_schema(), problem); !good)
    return tl::unexpected(good.error());
  reverse_names(**database);
  const int64_t revision = Tables(**database).head();
  if ((*database)->failed()) {
    problem = "cannot read " + path + ": " + (*database)->failure();
    return tl::unexpected((*database)->error());
  }
  return std::make_unique<SqliteStore>(loop, std::move(*database), revision);
}

}  // namespace ingress::broker
