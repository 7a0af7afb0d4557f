// The rows of the tables as records. No rule is checked here (see TransactionWriter). Failures stick in the database.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/records.h"
#include "common/database/database.h"

namespace ingress::broker {

enum class Expiring : uint8_t { kRoutes, kMachines, kShares, kAccessTokens, kJoinTokens };

// What a list is cut down to; "" for no matter.
struct RowFilter {
  std::string machine = {};      // projects: attached to it; routes, shares: that lead to it
  std::string project = {};      // routes: that lead to it; domains, shares, join tokens: of it
  std::string host = {};         // shares
  std::string owner = {};        // routes, machines: that belong to it
  std::string external_id = {};  // routes
  std::string visible_to = {};   // what a token of this project sees
};

class Tables {
 public:
  explicit Tables(db::Database& database) : database_(database) {}

  std::optional<Machine> machine(std::string_view id);
  bool has_machine(std::string_view id);
  bool has_project(std::string_view slug);
  std::string machine_of_alias(std::string_view alias);  // "" where none
  std::optional<Token> token(std::string_view machine, std::string_view id);
  std::optional<Project> project(std::string_view slug);
  std::optional<Service> service(std::string_view project, std::string_view name);
  std::optional<Route> route(std::string_view id);
  std::optional<Domain> domain(std::string_view name);
  std::optional<Share> share(std::string_view id);
  std::optional<AccessToken> access_token(std::string_view id);
  std::optional<JoinToken> join_token(std::string_view id);
  std::optional<ChangeRow> change(int64_t revision);

  // Who stands in the way; "" for nobody.
  std::string route_of_pattern(std::string_view pattern);
  // The owner of a route; "" for the operator's.
  std::string owner_of_route(std::string_view id);
  // Calls `look` for each host (a shape) of a route, on any path, that ends in `tail`, and is nothing but that where
  // `whole`, until it says yes: whether it did. `-` and `_` are the same for this. Costs the rows that it looks at.
  using Look = std::function<bool(std::string_view name, std::string_view owner)>;
  bool find_host(std::string_view tail, bool whole, const Look& look);
  // The same for custom domains, whose owner is their project.
  bool find_domain(std::string_view tail, bool whole, const Look& look);
  // Whether a route of the owner's has that very host (a shape), on any path. Costs one look.
  bool has_host(std::string_view host, std::string_view owner);
  std::string project_attached_to(std::string_view machine);
  std::string service_on(std::string_view machine);  // "misha/docs"
  bool has_service_on(std::string_view project, std::string_view machine);
  std::string route_to_machine(std::string_view machine);
  std::string route_to_project(std::string_view project);
  std::string route_to_service(std::string_view project, std::string_view service);
  std::string route_owned_by(std::string_view project);
  std::string machine_owned_by(std::string_view project);
  // Ids of the tokens that open a project alone.
  std::vector<std::string> access_tokens_of(std::string_view project);
  // Those that connect to the machine's ports.
  std::vector<std::string> tcp_tokens_of(std::string_view machine);
  std::vector<std::string> join_tokens_of(std::string_view project);
  std::vector<std::string> tokens_of(std::string_view machine);
  std::vector<std::string> shares_on(std::string_view machine);
  std::vector<std::string> shares_of(std::string_view project);
  int64_t count_of_machines(std::string_view owner);
  int64_t count_of_routes(std::string_view owner);

  void put(const Machine& machine);
  void put(const Token& token);
  void put(const Project& project);
  void put(const Service& service);
  void put(const Route& route);  // with its patterns, of which the table has none
  void put(const Domain& domain);
  void put(const Share& share);
  void put(const AccessToken& token);
  void put(const JoinToken& token);
  void erase_machine(std::string_view id);
  void erase_token(std::string_view machine, std::string_view id);
  void erase_project(std::string_view slug);
  void erase_service(std::string_view project, std::string_view name);
  void erase_route(std::string_view id);
  void erase_patterns_of(std::string_view route);
  void erase_pattern(std::string_view pattern);
  void erase_domain(std::string_view name);
  void erase_share(std::string_view id);
  void erase_access_token(std::string_view id);
  void erase_join_token(std::string_view id);

  int64_t head();  // the newest revision, 0 for none
  void append(const ChangeRow& row);
  std::vector<ChangeRow> changes_since(int64_t revision, int limit);
  // The revision that made the project that has this slug now: what was before is of another one. 0 where none did.
  int64_t beginning_of(std::string_view project);
  // Those that a token of the project may see: from its beginning on.
  std::vector<ChangeRow> changes_of_project(std::string_view project, int64_t revision, int limit);
  // The newest first; of a project alone, or of all where it is "".
  std::vector<ChangeRow> changes_before(std::string_view project, int64_t revision, int limit);

  // A part of a list: rows behind `after` in the order of their keys, which `filter` names; `limit` at most.
  std::vector<Machine> machines_page(std::string_view after, size_t limit, const RowFilter& filter);
  std::vector<Token> tokens_page(std::string_view machine, std::string_view after, size_t limit);
  std::vector<Project> projects_page(std::string_view after, size_t limit, const RowFilter& filter);
  std::vector<Service> services_page(std::string_view project, std::string_view after, size_t limit);
  std::vector<Route> routes_page(std::string_view after, size_t limit, const RowFilter& filter);
  std::vector<Domain> domains_page(std::string_view after, size_t limit, const RowFilter& filter);
  std::vector<Share> shares_page(std::string_view after, size_t limit, const RowFilter& filter);
  std::vector<AccessToken> access_tokens_page(std::string_view after, size_t limit);
  std::vector<JoinToken> join_tokens_page(std::string_view after, size_t limit, const RowFilter& filter);
  // A row that leads to a route, for search_routes().
  struct RouteKey {
    std::string key;    // what the rows are in the order of
    std::string route;  // its id
    std::string text;   // of a pattern: as it was written
  };
  // Rows behind `after` whose key begins with `prefix`. The key of an external id has the route's id in it.
  std::vector<RouteKey> patterns_from(std::string_view prefix, std::string_view after, size_t limit);
  std::vector<RouteKey> route_ids_from(std::string_view prefix, std::string_view after, size_t limit);
  std::vector<RouteKey> external_ids_from(std::string_view prefix, std::string_view after, size_t limit);
  static std::string external_key(std::string_view external_id, std::string_view id);
  // Ids of rows whose time was over at `time` (Unix seconds), the oldest first.
  std::vector<std::string> expired(Expiring what, int64_t time, int limit);

  std::vector<Machine> machines();
  std::vector<Token> tokens();
  std::vector<Project> projects();
  std::vector<Service> services();
  std::vector<Route> routes();
  std::vector<Domain> domains();
  std::vector<Share> shares();
  std::vector<AccessToken> access_tokens();
  std::vector<JoinToken> join_tokens();

 private:
  std::vector<RoutePattern> patterns_of(std::string_view route);
  // The first `limit` rows of the query for which all of the filter holds.
  std::vector<Route> routes_in(db::Query& query, size_t limit, const RowFilter& filter);
  void put_pattern(const Route& route, int64_t position, const RoutePattern& pattern);

  db::Database& database_;
};

}  // namespace ingress::broker
