// What a command asks and changes: a running broker, or a database file alone (`--db`, which cannot be changed).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/cli/secret.h"
#include "ctl/admin_client.h"
#include "ctl/database.h"
#include "ctl/outcome.h"
#include "ctl/tcp_way.h"

namespace ingress::ctl {

// The flags that every command has.
struct Globals {
  std::string admin;
  cli::Secret token;
  std::string db_file;  // what the commands of `db` are about
  std::string db;       // it, where lists are read from it; "": from the broker
  bool json = false;
};

// A question that both can answer.
struct Ask {
  std::string noun;  // "machines": the items of a database file; "" where it cannot tell
  std::string path;  // of the admin API, with its query
  std::vector<std::pair<std::string, std::string>> where;  // members that the wanted items of a file have
};

class Session {
 public:
  explicit Session(const Globals& globals) : globals_(globals) {}

  // All items, page by page.
  Outcome<Json> list(const Ask& ask);
  // The one item, or a sentence.
  Outcome<Json> one(const Ask& ask);
  // An answer with members, whatever they are.
  Outcome<Json> get(const std::string& path);
  // One page of a list: its "items" are objects.
  Outcome<Json> page(const std::string& path);
  // All of them, by the cursors that they end with.
  Outcome<bool> pages(const std::string& path, const std::function<void(Json page)>& take);
  // `if_match`, and the record with its tag: as AdminClient::ask and AdminClient::read.
  Outcome<Json> change(const std::string& method, const std::string& path, const Json& body = nullptr,
                       const std::string& if_match = "");
  Outcome<TaggedRecord> get_tagged(const std::string& path);

  // As AdminClient::follow.
  Outcome<void> follow(const std::string& path, const Interrupts& interrupts, const AdminClient::OnEvent& on_event);
  // Each item as its page comes: for lists of any length.
  Outcome<bool> each(const Ask& ask, const std::function<void(Json item)>& take);
  // A body that is not JSON, and the answer as it is.
  Outcome<RawAnswer> send(const std::string& method, const std::string& path, const std::string& body,
                          const char* content_type);

  // A raw connection to HOST:PORT. Thread: any, once connecting() was good.
  Outcome<bool> connecting();
  Outcome<std::unique_ptr<TcpWay>> connect(const std::string& target) const;

  // What has changed since a revision, at most `limit` rows (0: all), oldest first. Without a revision the newest rows.
  Outcome<Json> changes(std::optional<long long> since, long long limit);

 private:
  Outcome<AdminClient*> client();
  Outcome<Json> items_of_file(const Ask& ask);
  Outcome<Json> changes_of_file(std::optional<long long> since, long long limit);
  Outcome<Json> newest_changes(long long limit);
  // Adds the page's rows to `all`: where the page behind it begins, nullopt where there is none. `which` is the query.
  Outcome<std::optional<long long>> add_changes(const std::string& which, long long wanted, Json& all);

  Outcome<std::string> token() const;

  const Globals& globals_;
  AdminAddress address_;  // of raw connections
  std::string token_;
  std::unique_ptr<AdminClient> client_;
  std::unique_ptr<Database> database_;
};

}  // namespace ingress::ctl
