// A broker's database file, read alone and never written: what `--db` lists where the broker is down. The items are as
// the admin API's, less what only a running broker knows (hosts, tunnels).
#pragma once

#include <memory>
#include <string>

#include "ctl/outcome.h"

struct sqlite3;

namespace ingress::ctl {

class Database {
 public:
  static Outcome<std::unique_ptr<Database>> open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // "machines", "tokens", "projects", "services", "routes", "domains" or "changes"; an array.
  Outcome<Json> items(const std::string& noun);

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  Outcome<Json> rows(const char* sql);
  Outcome<Json> routes();
  Outcome<long long> number(const char* sql);
  Outcome<bool> check(const std::string& path);
  std::string problem() const;

  sqlite3* handle_;
};

}  // namespace ingress::ctl
