#include "broker/model/machine_state.h"
#include "broker/store/tables.h"

namespace ingress::broker {
namespace {

// Readers of a row; the columns stand in the order of the record.
Machine machine_in(const db::Query& row) {
  return {row.text(0),
          parse_machine_state(row.text(1)).value_or(MachineState::kActive),
          static_cast<int>(row.number(2)),
          row.text(3),
          row.number(4),
          row.text(5),
          row.text(6),
          row.number(7)};
}
Token token_in(const db::Query& row) { return {row.text(0), row.text(1), row.text(2), row.text(3), row.number(4)}; }
Project project_in(const db::Query& row) {
  return {row.text(0), row.text(1),  static_cast<int>(row.number(2)), row.number(3) != 0, row.text(4),
          row.text(5), row.number(6)};
}
Service service_in(const db::Query& row) {
  return {row.text(0), row.text(1), static_cast<int>(row.number(2)), row.text(3), row.text(4)};
}
Route route_in(const db::Query& row) {
  return {row.text(0), {}, row.text(1), row.text(2), row.number(3), row.text(4), row.number(5)};
}
RoutePattern pattern_in(const db::Query& row) {
  return {
      row.text(0), {row.text(1), row.text(2), row.text(3), static_cast<int>(row.number(4))}, row.text(5), row.text(6)};
}
Share share_in(const db::Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3),   static_cast<int>(row.number(4)),
          row.text(5), row.text(6), row.text(7), row.number(8), row.number(9)};
}
Domain domain_in(const db::Query& row) { return {row.text(0), row.text(1), row.number(2)}; }

template <class Record>
std::optional<Record> one(db::Query& query, Record (*read)(const db::Query&)) {
  if (!query.next()) return std::nullopt;
  return read(query);
}

template <class Record>
std::vector<Record> all(db::Query query, Record (*read)(const db::Query&)) {
  std::vector<Record> records;
  while (query.next()) records.push_back(read(query));
  return records;
}

std::string text_of(db::Query& query) { return query.next() ? query.text(0) : std::string(); }

}  // namespace

std::optional<Machine> Tables::machine(std::string_view id) {
  return one(database_
                 .query("SELECT id, state, default_port, metadata, created_at, owner, policy, expires_at FROM machines "
                        "WHERE id = ?")
                 .bind(id),
             machine_in);
}

std::string Tables::machine_of_alias(std::string_view alias) {
  return text_of(database_.query("SELECT id FROM machines WHERE alias = ?").bind(alias));
}

std::optional<Token> Tables::token(std::string_view machine, std::string_view id) {
  return one(database_.query("SELECT id, machine, sha256, label, created_at FROM tokens WHERE machine = ? AND id = ?")
                 .bind(machine)
                 .bind(id),
             token_in);
}

std::optional<Project> Tables::project(std::string_view slug) {
  return one(database_
                 .query("SELECT slug, machine, default_port, suspended, policy, metadata, created_at FROM projects "
                        "WHERE slug = ?")
                 .bind(slug),
             project_in);
}

std::optional<Service> Tables::service(std::string_view project, std::string_view name) {
  return one(database_.query("SELECT project, name, port, machine, policy FROM services WHERE project = ? AND name = ?")
                 .bind(project)
                 .bind(name),
             service_in);
}

std::optional<Route> Tables::route(std::string_view id) {
  std::optional<Route> route =
      one(database_.query("SELECT id, external_id, metadata, created_at, owner, expires_at FROM routes WHERE id = ?")
              .bind(id),
          route_in);
  if (!route) return route;
  db::Query query = database_.query(
      "SELECT pattern, coalesce(machine, machine_template), coalesce(project, project_template), service, port, "
      "policy, "
      "text FROM patterns WHERE route = ? ORDER BY position");
  query.bind(id);
  while (query.next()) route->patterns.push_back(pattern_in(query));
  return route;
}

std::optional<Domain> Tables::domain(std::string_view name) {
  return one(database_.query("SELECT name, project, created_at FROM domains WHERE name = ?").bind(name), domain_in);
}

std::optional<Share> Tables::share(std::string_view id) {
  return one(database_
                 .query("SELECT id, host, path, machine, port, project, sha256, label, created_at, expires_at "
                        "FROM shares WHERE id = ?")
                 .bind(id),
             share_in);
}

std::string Tables::route_of_pattern(std::string_view pattern) {
  return text_of(database_.query("SELECT route FROM patterns WHERE pattern = ?").bind(pattern));
}

std::string Tables::project_attached_to(std::string_view machine) {
  return text_of(database_.query("SELECT slug FROM projects WHERE machine = ? LIMIT 1").bind(machine));
}

std::string Tables::service_on(std::string_view machine) {
  return text_of(
      database_.query("SELECT project || '/' || name FROM services WHERE machine = ? LIMIT 1").bind(machine));
}

std::string Tables::route_to_machine(std::string_view machine) {
  return text_of(database_.query("SELECT route FROM patterns WHERE machine = ? LIMIT 1").bind(machine));
}

std::string Tables::route_to_project(std::string_view project) {
  return text_of(database_.query("SELECT route FROM patterns WHERE project = ? LIMIT 1").bind(project));
}

std::string Tables::route_to_service(std::string_view project, std::string_view service) {
  return text_of(database_.query("SELECT route FROM patterns WHERE project = ? AND service = ? LIMIT 1")
                     .bind(project)
                     .bind(service));
}

std::string Tables::route_owned_by(std::string_view project) {
  return text_of(database_.query("SELECT id FROM routes WHERE owner = ? AND owner <> '' LIMIT 1").bind(project));
}

std::string Tables::machine_owned_by(std::string_view project) {
  return text_of(database_.query("SELECT id FROM machines WHERE owner = ? AND owner <> '' LIMIT 1").bind(project));
}

int64_t Tables::head() {
  db::Query query = database_.query("SELECT max(revision) FROM changes");
  return query.next() ? query.number(0) : 0;
}

std::vector<ChangeRow> Tables::changes_since(int64_t revision, int limit) {
  db::Query query = database_.query(
      "SELECT revision, at, actor, operation, subject, before, after FROM changes WHERE revision > ? "
      "ORDER BY revision LIMIT ?");
  query.bind(revision).bind(int64_t{limit});
  std::vector<ChangeRow> rows;
  while (query.next()) {
    rows.push_back(
        {query.number(0), query.number(1), query.text(2), query.text(3), query.text(4), query.text(5), query.text(6)});
  }
  return rows;
}

std::vector<Machine> Tables::machines() {
  return all(
      database_.query(
          "SELECT id, state, default_port, metadata, created_at, owner, policy, expires_at FROM machines ORDER BY id"),
      machine_in);
}

std::vector<Token> Tables::tokens() {
  return all(database_.query("SELECT id, machine, sha256, label, created_at FROM tokens ORDER BY machine, id"),
             token_in);
}

std::vector<Project> Tables::projects() {
  return all(
      database_.query(
          "SELECT slug, machine, default_port, suspended, policy, metadata, created_at FROM projects ORDER BY slug"),
      project_in);
}

std::vector<Service> Tables::services() {
  return all(database_.query("SELECT project, name, port, machine, policy FROM services ORDER BY project, name"),
             service_in);
}

std::vector<Route> Tables::routes() {
  std::vector<Route> routes =
      all(database_.query("SELECT id, external_id, metadata, created_at, owner, expires_at FROM routes ORDER BY id"),
          route_in);
  // Both in the order of the route's id: one pass.
  db::Query query = database_.query(
      "SELECT pattern, coalesce(machine, machine_template), coalesce(project, project_template), service, port, "
      "policy, "
      "text, route FROM patterns ORDER BY route, position");
  auto route = routes.begin();
  while (query.next()) {
    const std::string id = query.text(7);
    while (route != routes.end() && route->id != id) ++route;
    if (route == routes.end()) break;
    route->patterns.push_back(pattern_in(query));
  }
  return routes;
}

std::vector<Domain> Tables::domains() {
  return all(database_.query("SELECT name, project, created_at FROM domains ORDER BY name"), domain_in);
}

std::vector<Share> Tables::shares() {
  return all(database_.query("SELECT id, host, path, machine, port, project, sha256, label, created_at, expires_at "
                             "FROM shares ORDER BY id"),
             share_in);
}

}  // namespace ingress::broker
