// A broker's database file, read alone and never written: what `--db` lists where the broker is down. The items are as
// the admin API's, less what only a running broker knows (hosts, tunnels).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/database/database.h"
#include "ctl/outcome.h"

namespace ingress::ctl {

class Database {
 public:
  // The additions that the file must have: a listing reads columns of all of them, a copy of the file none.
  enum class Additions : uint8_t { kAll, kAny };
  static Outcome<std::unique_ptr<Database>> open(const std::string& path, Additions additions = Additions::kAll);

  // "machines", "tokens", "projects", "services", "routes", "domains" or "changes"; an array.
  Outcome<Json> items(const std::string& noun);
  // The same items one after the other, in the order of their keys. No statement may run meanwhile.
  Outcome<bool> each(const std::string& noun, const std::function<void(Json item)>& take);

  // The newest of `changes`, 0 for none.
  Outcome<int64_t> revision();
  db::Database& file() { return *file_; }

 private:
  explicit Database(std::unique_ptr<db::Database> file) : file_(std::move(file)) {}
  Outcome<bool> each_route(const std::function<void(Json item)>& take);
  Outcome<int64_t> number(const char* sql);
  Outcome<bool> check(const std::string& path, Additions additions);

  std::unique_ptr<db::Database> file_;
};

}  // namespace ingress::ctl
