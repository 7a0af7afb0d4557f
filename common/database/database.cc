#include "common/database/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ingress::db {
namespace {

constexpr int kBusyTimeoutMs = 5000;

// A file that only its owner writes: it holds hashes of tokens. SQLite gives its -wal and -shm files the same mode.
bool create_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) return false;
  ::close(file);
  return true;
}

std::string uri_of(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    constexpr const char* kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                       c == '.' || c == '-' || c == '_';
    if (plain) {
      uri += c;
    } else {
      uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return uri + "?immutable=1";
}

int open_handle(const std::string& path, Database::Mode mode, sqlite3** handle) {
  constexpr int kCommon = SQLITE_OPEN_NOMUTEX;
  switch (mode) {
    case Database::Mode::kReadWrite:
      return sqlite3_open_v2(path.c_str(), handle, kCommon | SQLITE_OPEN_READWRITE, nullptr);
    case Database::Mode::kReadOnly:
      return sqlite3_open_v2(path.c_str(), handle, kCommon | SQLITE_OPEN_READONLY, nullptr);
    case Database::Mode::kImmutable:
      break;
  }
  return sqlite3_open_v2(uri_of(path).c_str(), handle, kCommon | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
}

int primary_code(sqlite3* handle) { return sqlite3_errcode(handle) & 0xff; }

// SQLite gives no errno for the first two.
int errno_of(sqlite3* handle) {
  switch (primary_code(handle)) {
    case SQLITE_FULL:
      return ENOSPC;
    case SQLITE_READONLY:
      return EROFS;
    default:
      return sqlite3_system_errno(handle);
  }
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode, std::string& problem) {
  if (mode == Mode::kReadWrite && !create_file(path)) {
    const int code = errno;
    problem = "cannot open " + path + ": " + std::generic_category().message(code);
    return fail(ErrorCode::kIo, Side::kInternal, "opening the database", code);
  }
  sqlite3* handle = nullptr;
  const int status = open_handle(path, mode, &handle);
  std::unique_ptr<Database> database(new Database(handle));
  if (status != SQLITE_OK) {
    problem = "cannot open " + path + ": " + (handle == nullptr ? "out of memory" : sqlite3_errmsg(handle));
    return fail(ErrorCode::kIo, Side::kInternal, "opening the database",
                handle == nullptr ? ENOMEM : sqlite3_system_errno(handle));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return database;
}

// A file in a folder that cannot be written has no place for SQLite's shared memory; where no log of a writer lies
// beside it, it can be read as it is.
Result<std::unique_ptr<Database>> Database::open_to_read(const std::string& path, std::string& problem) {
  Result<std::unique_ptr<Database>> opened = open(path, Mode::kReadOnly, problem);
  if (!opened) return opened;
  (*opened)->query("SELECT count(*) FROM sqlite_schema").run();
  if (!(*opened)->failed()) return opened;
  if (::access((path + "-wal").c_str(), F_OK) == 0) return opened;
  return open(path, Mode::kImmutable, problem);
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Query Database::query(const char* sql) {
  if (failed_) return {*this, nullptr};
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr &&
      sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    fail_now();
  }
  return {*this, statement};
}

void Database::run(const char* sql) {
  if (failed_) return;
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail_now();
}

void Database::copy_to(Database& to) {
  if (to.failed_) return;
  sqlite3_backup* copy = sqlite3_backup_init(to.handle_, "main", handle_, "main");
  if (copy == nullptr) return to.fail_now();
  constexpr int kAllPages = -1;
  const bool done = sqlite3_backup_step(copy, kAllPages) == SQLITE_DONE;
  const bool good = sqlite3_backup_finish(copy) == SQLITE_OK;
  if (done && good) return;
  to.fail_now();
  if (!good) return;
  // A lock that was not to be had is no error to SQLite.
  to.busy_ = true;
  to.failure_ = "the database is locked";
}

void Database::fail_now() {
  if (failed_) return;
  failed_ = true;
  failure_ = sqlite3_errmsg(handle_);
  busy_ = primary_code(handle_) == SQLITE_BUSY;
  error_ = Error{ErrorCode::kIo, Side::kInternal, false, errno_of(handle_), "using the database"};
}

void Database::clear_failure() {
  failed_ = false;
  busy_ = false;
  failure_.clear();
}

int Database::changed() const { return sqlite3_changes(handle_); }

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(std::string_view text) {
  if (statement_ == nullptr) return *this;
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  if (sqlite3_bind_text(statement_, ++bound_, data, static_cast<int>(text.size()), SQLITE_TRANSIENT) != SQLITE_OK) {
    database_.fail_now();
  }
  return *this;
}

Query& Query::bind(int64_t number) {
  if (statement_ == nullptr) return *this;
  if (sqlite3_bind_int64(statement_, ++bound_, number) != SQLITE_OK) database_.fail_now();
  return *this;
}

Query& Query::bind_or_null(std::string_view text) {
  if (!text.empty()) return bind(text);
  ++bound_;  // an unbound value is NULL
  return *this;
}

bool Query::next() {
  if (statement_ == nullptr || database_.failed()) return false;
  const int status = sqlite3_step(statement_);
  if (status == SQLITE_ROW) return true;
  if (status != SQLITE_DONE) database_.fail_now();
  return false;
}

void Query::run() {
  while (next()) {
  }
}

std::string Query::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

int64_t Query::number(int column) const { return sqlite3_column_int64(statement_, column); }

}  // namespace ingress::db
