// The tables of a database as its `changes` say that they are: from the rows of a moment, change by change. Rows are
// JSON as the changes hold them (times in seconds, "" for none, no hash of a token). Pure.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "ctl/outcome.h"

namespace ingress::ctl {

// The tables, by the noun of a change's operation, and how a database file lists them.
struct Table {
  std::string_view noun;   // "machine", of "machine.create"
  std::string_view items;  // "machines"
};
inline constexpr std::array<Table, 9> kTables = {{{"machine", "machines"},
                                                  {"token", "tokens"},
                                                  {"project", "projects"},
                                                  {"service", "services"},
                                                  {"route", "routes"},
                                                  {"domain", "domains"},
                                                  {"share", "shares"},
                                                  {"access_token", "access_tokens"},
                                                  {"join_token", "join_tokens"}}};

// "misha/docs": how changes name a row.
std::string subject_of(std::string_view noun, const Json& row);
// An item of a database file as the changes have it.
Json row_of_item(std::string_view noun, Json item);

class Replay {
 public:
  Replay();

  // Subject → the row's text.
  using Rows = std::map<std::string, std::string, std::less<>>;

  // A row that was there before the first change.
  void begin_with(std::string_view noun, const Json& row);
  // A sentence where the change does not fit: what it says was there before is not what the changes before it left.
  std::optional<std::string> apply(const Json& change);

  const Rows& rows(std::string_view noun) const { return rows_.find(noun)->second; }

 private:
  std::optional<std::string> attach(const std::string& project, const Json& change);
  void put(std::string_view noun, const std::string& subject, const Json& row);
  void erase(std::string_view noun, const std::string& subject);
  void erase_shares_of(const std::string& machine);
  // The project has that machine from now on, "" for none.
  void hold(const std::string& project, const std::string& machine);
  void set_state(const std::string& machine, std::string_view state, std::string_view unless);
  void release(const std::string& machine);
  Rows& table(std::string_view noun) { return rows_.find(noun)->second; }

  std::map<std::string, Rows, std::less<>> rows_;
  std::map<std::string, std::string> attached_;            // project → machine
  std::map<std::string, int> projects_of_;                 // machine → how many have it
  std::set<std::pair<std::string, std::string>> domains_;  // project and domain
};

}  // namespace ingress::ctl
