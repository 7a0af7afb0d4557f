#include <algorithm>

#include "broker/store/rows.h"
#include "broker/store/tables.h"

// Each list has a statement for each filter that an index serves; it is read as far as the page needs, and what else is
// asked for is looked at row by row.
namespace ingress::broker {
namespace {

template <class Record, class Wanted>
std::vector<Record> page(db::Query& query, size_t limit, Record (*read)(const db::Query&), Wanted wanted) {
  std::vector<Record> records;
  while (records.size() < limit && query.next()) {
    Record record = read(query);
    if (wanted(record)) records.push_back(std::move(record));
  }
  return records;
}

template <class Record>
std::vector<Record> page(db::Query& query, size_t limit, Record (*read)(const db::Query&)) {
  return page(query, limit, read, [](const Record&) { return true; });
}

bool fits(const std::string& wanted, const std::string& value) { return wanted.empty() || wanted == value; }

// A pattern that leads to the machine, and one that leads to the project, where they are asked for.
bool leads_to(const Route& route, const RowFilter& filter) {
  const auto any_to = [&route](const std::string& wanted, std::string RouteTarget::*name) {
    return wanted.empty() || std::any_of(route.patterns.begin(), route.patterns.end(),
                                         [&](const RoutePattern& pattern) { return pattern.target.*name == wanted; });
  };
  return any_to(filter.machine, &RouteTarget::machine) && any_to(filter.project, &RouteTarget::project);
}

}  // namespace

std::vector<Machine> Tables::machines_page(std::string_view after, size_t limit, const RowFilter& filter) {
  // A project is not told by the filter either whose another's machine is.
  const bool may_ask = filter.visible_to.empty() || filter.owner.empty() || filter.owner == filter.visible_to;
  const auto wanted = [&filter, may_ask](const Machine& machine) {
    return may_ask && fits(filter.owner, machine.owner);
  };
  if (!filter.visible_to.empty()) {
    db::Query query =
        database_.query("SELECT " INGRESS_MACHINE_COLUMNS
                        " FROM machines WHERE id > ?1 AND (id IN (SELECT id FROM machines WHERE owner = ?2 "
                        "AND owner <> '') OR id IN (SELECT machine FROM projects WHERE slug = ?2) OR id IN "
                        "(SELECT machine FROM services WHERE project = ?2)) ORDER BY id");
    return page(query.bind(after).bind(filter.visible_to), limit, machine_in, wanted);
  }
  if (!filter.owner.empty()) {
    db::Query query = database_.query("SELECT " INGRESS_MACHINE_COLUMNS
                                      " FROM machines WHERE owner = ? AND owner <> '' AND id > ? ORDER BY id");
    return page(query.bind(filter.owner).bind(after), limit, machine_in);
  }
  db::Query query = database_.query("SELECT " INGRESS_MACHINE_COLUMNS " FROM machines WHERE id > ? ORDER BY id");
  return page(query.bind(after), limit, machine_in);
}

std::vector<Token> Tables::tokens_page(std::string_view machine, std::string_view after, size_t limit) {
  db::Query query =
      database_.query("SELECT " INGRESS_TOKEN_COLUMNS " FROM tokens WHERE machine = ? AND id > ? ORDER BY id");
  return page(query.bind(machine).bind(after), limit, token_in);
}

std::vector<Project> Tables::projects_page(std::string_view after, size_t limit, const RowFilter& filter) {
  const auto wanted = [&filter](const Project& project) { return fits(filter.visible_to, project.slug); };
  if (!filter.machine.empty()) {
    db::Query query = database_.query("SELECT " INGRESS_PROJECT_COLUMNS
                                      " FROM projects WHERE machine = ? AND slug > ? ORDER BY slug");
    return page(query.bind(filter.machine).bind(after), limit, project_in, wanted);
  }
  if (!filter.visible_to.empty()) {
    db::Query query =
        database_.query("SELECT " INGRESS_PROJECT_COLUMNS " FROM projects WHERE slug = ? AND slug > ? ORDER BY slug");
    return page(query.bind(filter.visible_to).bind(after), limit, project_in);
  }
  db::Query query = database_.query("SELECT " INGRESS_PROJECT_COLUMNS " FROM projects WHERE slug > ? ORDER BY slug");
  return page(query.bind(after), limit, project_in);
}

std::vector<Service> Tables::services_page(std::string_view project, std::string_view after, size_t limit) {
  db::Query query =
      database_.query("SELECT " INGRESS_SERVICE_COLUMNS " FROM services WHERE project = ? AND name > ? ORDER BY name");
  return page(query.bind(project).bind(after), limit, service_in);
}

// By the index of the filter that leaves the fewest rows, as a rule; all of them hold.
std::vector<Route> Tables::routes_page(std::string_view after, size_t limit, const RowFilter& filter) {
  const std::string& owner = filter.visible_to.empty() ? filter.owner : filter.visible_to;
  if (!filter.external_id.empty()) {
    db::Query query =
        database_.query("SELECT " INGRESS_ROUTE_COLUMNS
                        " FROM routes WHERE external_id = ? AND external_id <> '' AND id > ? ORDER BY id");
    return routes_in(query.bind(filter.external_id).bind(after), limit, filter);
  }
  if (!filter.machine.empty() && !filter.project.empty()) {
    db::Query query = database_.query("SELECT " INGRESS_ROUTE_COLUMNS
                                      " FROM routes WHERE id IN (SELECT route FROM patterns WHERE machine = ?) AND id "
                                      "IN (SELECT route FROM patterns WHERE project = ?) AND id > ? ORDER BY id");
    return routes_in(query.bind(filter.machine).bind(filter.project).bind(after), limit, filter);
  }
  if (!filter.machine.empty()) {
    db::Query query =
        database_.query("SELECT " INGRESS_ROUTE_COLUMNS
                        " FROM routes WHERE id IN (SELECT route FROM patterns WHERE machine = ?) AND id > ? "
                        "ORDER BY id");
    return routes_in(query.bind(filter.machine).bind(after), limit, filter);
  }
  if (!filter.project.empty()) {
    db::Query query =
        database_.query("SELECT " INGRESS_ROUTE_COLUMNS
                        " FROM routes WHERE id IN (SELECT route FROM patterns WHERE project = ?) AND id > ? "
                        "ORDER BY id");
    return routes_in(query.bind(filter.project).bind(after), limit, filter);
  }
  if (!owner.empty()) {
    db::Query query = database_.query("SELECT " INGRESS_ROUTE_COLUMNS
                                      " FROM routes WHERE owner = ? AND owner <> '' AND id > ? ORDER BY id");
    return routes_in(query.bind(owner).bind(after), limit, filter);
  }
  db::Query query = database_.query("SELECT " INGRESS_ROUTE_COLUMNS " FROM routes WHERE id > ? ORDER BY id");
  return routes_in(query.bind(after), limit, filter);
}

std::vector<Route> Tables::routes_in(db::Query& query, size_t limit, const RowFilter& filter) {
  std::vector<Route> routes;
  while (routes.size() < limit && query.next()) {
    Route route = route_in(query);
    if (!fits(filter.external_id, route.external_id) || !fits(filter.owner, route.owner) ||
        !fits(filter.visible_to, route.owner)) {
      continue;
    }
    route.patterns = patterns_of(route.id);
    if (leads_to(route, filter)) routes.push_back(std::move(route));
  }
  return routes;
}

std::vector<Domain> Tables::domains_page(std::string_view after, size_t limit, const RowFilter& filter) {
  const auto wanted = [&filter](const Domain& domain) { return fits(filter.visible_to, domain.project); };
  const std::string& project = filter.project.empty() ? filter.visible_to : filter.project;
  if (!project.empty()) {
    db::Query query =
        database_.query("SELECT " INGRESS_DOMAIN_COLUMNS " FROM domains WHERE project = ? AND name > ? ORDER BY name");
    return page(query.bind(project).bind(after), limit, domain_in, wanted);
  }
  db::Query query = database_.query("SELECT " INGRESS_DOMAIN_COLUMNS " FROM domains WHERE name > ? ORDER BY name");
  return page(query.bind(after), limit, domain_in);
}

std::vector<Share> Tables::shares_page(std::string_view after, size_t limit, const RowFilter& filter) {
  const auto wanted = [&filter](const Share& share) {
    return fits(filter.host, share.host) && fits(filter.project, share.project) &&
           fits(filter.visible_to, share.project);
  };
  const std::string& project = filter.project.empty() ? filter.visible_to : filter.project;
  if (!filter.machine.empty()) {
    db::Query query =
        database_.query("SELECT " INGRESS_SHARE_COLUMNS " FROM shares WHERE machine = ? AND id > ? ORDER BY id");
    return page(query.bind(filter.machine).bind(after), limit, share_in, wanted);
  }
  if (!project.empty()) {
    db::Query query = database_.query("SELECT " INGRESS_SHARE_COLUMNS
                                      " FROM shares WHERE project = ? AND project <> '' AND id > ? ORDER BY id");
    return page(query.bind(project).bind(after), limit, share_in, wanted);
  }
  db::Query query = database_.query("SELECT " INGRESS_SHARE_COLUMNS " FROM shares WHERE id > ? ORDER BY id");
  return page(query.bind(after), limit, share_in, wanted);
}

std::vector<AccessToken> Tables::access_tokens_page(std::string_view after, size_t limit) {
  db::Query query =
      database_.query("SELECT " INGRESS_ACCESS_TOKEN_COLUMNS " FROM access_tokens WHERE id > ? ORDER BY id");
  return page(query.bind(after), limit, access_token_in);
}

std::vector<JoinToken> Tables::join_tokens_page(std::string_view after, size_t limit, const RowFilter& filter) {
  db::Query query = database_.query("SELECT " INGRESS_JOIN_TOKEN_COLUMNS " FROM join_tokens WHERE id > ? ORDER BY id");
  return page(query.bind(after), limit, join_token_in, [&filter](const JoinToken& token) {
    return fits(filter.project, token.project) && fits(filter.visible_to, token.project);
  });
}

std::vector<std::string> Tables::expired(Expiring what, int64_t time, int limit) {
#define INGRESS_EXPIRED(table) \
  "SELECT id FROM " table " WHERE expires_at <> 0 AND expires_at <= ? ORDER BY expires_at LIMIT ?"
  // Of machines, those that nothing names.
  constexpr const char* kMachines =
      "SELECT id FROM machines AS m WHERE expires_at <> 0 AND expires_at <= ? "
      "AND NOT EXISTS (SELECT 1 FROM services WHERE machine = m.id) "
      "AND NOT EXISTS (SELECT 1 FROM patterns WHERE machine = m.id) ORDER BY expires_at LIMIT ?";
  static constexpr const char* kStatements[] = {INGRESS_EXPIRED("routes"), kMachines, INGRESS_EXPIRED("shares"),
                                                INGRESS_EXPIRED("access_tokens"), INGRESS_EXPIRED("join_tokens")};
#undef INGRESS_EXPIRED
  db::Query query = database_.query(kStatements[static_cast<size_t>(what)]);
  return texts_of(query.bind(time).bind(int64_t{limit}));
}

}  // namespace ingress::broker
