// One SQLite connection and its prepared statements. The first failure sticks: what follows does nothing until
// clear_failure(), so that a transaction is checked once, at its end.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ingress::db {

class Database;

// One run of a prepared statement. Values are bound in order; the statement is reset when the Query goes.
class Query {
 public:
  Query(Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  Query& bind(std::string_view text);
  Query& bind(int64_t number);
  // NULL where it is empty.
  Query& bind_or_null(std::string_view text);

  // The next row; false at the end and after a failure.
  bool next();
  // To the end.
  void run();

  std::string text(int column) const;  // "" for NULL
  int64_t number(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_;  // null after a failure
  int bound_ = 0;
};

class Database {
 public:
  enum class Mode : uint8_t {
    kReadWrite,  // creates the file
    kReadOnly,
    kImmutable,  // read-only, of a file that nobody writes, in a folder that cannot be written
  };

  // `problem` gets a sentence where it fails (kIo).
  static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode, std::string& problem);
  // For readers, whether or not a broker has the file open: kReadOnly, and kImmutable where that cannot be. A file that
  // is no database opens too; the first query fails.
  static Result<std::unique_ptr<Database>> open_to_read(const std::string& path, std::string& problem);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // `sql` is one statement and a string literal: statements are kept by its address.
  Query query(const char* sql);
  // Any number of statements, no rows, not kept.
  void run(const char* sql);
  // All of this database in the place of all that `to` has, as it is at one moment; who writes this one goes on
  // meanwhile. A failure is that of `to`.
  void copy_to(Database& to);

  bool failed() const { return failed_; }
  // What failed, in SQLite's words.
  const std::string& failure() const { return failure_; }
  // kIo with the errno of the failed call: ENOSPC where there is no space, EROFS where writing is not allowed.
  Error error() const { return error_; }
  // It failed because another connection has the file.
  bool busy() const { return busy_; }
  void clear_failure();
  // Rows that the last statement changed.
  int changed() const;

 private:
  friend class Query;
  explicit Database(sqlite3* handle) : handle_(handle) {}
  void fail_now();

  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
  bool failed_ = false;
  bool busy_ = false;
  std::string failure_;
  Error error_;
};

}  // namespace ingress::db
