#include <algorithm>

#include "broker/store/rows.h"
#include "broker/store/tables.h"

namespace ingress::broker {

std::optional<Machine> Tables::machine(std::string_view id) {
  return one(database_.query("SELECT " INGRESS_MACHINE_COLUMNS " FROM machines WHERE id = ?").bind(id), machine_in);
}

bool Tables::has_machine(std::string_view id) {
  return !text_of(database_.query("SELECT id FROM machines WHERE id = ?").bind(id)).empty();
}

bool Tables::has_project(std::string_view slug) {
  return !text_of(database_.query("SELECT slug FROM projects WHERE slug = ?").bind(slug)).empty();
}

std::string Tables::machine_of_alias(std::string_view alias) {
  return text_of(database_.query("SELECT id FROM machines WHERE alias = ?").bind(alias));
}

std::optional<Token> Tables::token(std::string_view machine, std::string_view id) {
  return one(database_.query("SELECT " INGRESS_TOKEN_COLUMNS " FROM tokens WHERE machine = ? AND id = ?")
                 .bind(machine)
                 .bind(id),
             token_in);
}

std::optional<Project> Tables::project(std::string_view slug) {
  return one(database_.query("SELECT " INGRESS_PROJECT_COLUMNS " FROM projects WHERE slug = ?").bind(slug), project_in);
}

std::optional<Service> Tables::service(std::string_view project, std::string_view name) {
  return one(database_.query("SELECT " INGRESS_SERVICE_COLUMNS " FROM services WHERE project = ? AND name = ?")
                 .bind(project)
                 .bind(name),
             service_in);
}

std::optional<Route> Tables::route(std::string_view id) {
  std::optional<Route> route =
      one(database_.query("SELECT " INGRESS_ROUTE_COLUMNS " FROM routes WHERE id = ?").bind(id), route_in);
  if (route) route->patterns = patterns_of(id);
  return route;
}

std::vector<RoutePattern> Tables::patterns_of(std::string_view route) {
  return all(
      database_.query("SELECT " INGRESS_PATTERN_COLUMNS " FROM patterns WHERE route = ? ORDER BY position").bind(route),
      pattern_in);
}

std::optional<Domain> Tables::domain(std::string_view name) {
  return one(database_.query("SELECT " INGRESS_DOMAIN_COLUMNS " FROM domains WHERE name = ?").bind(name), domain_in);
}

std::optional<Share> Tables::share(std::string_view id) {
  return one(database_.query("SELECT " INGRESS_SHARE_COLUMNS " FROM shares WHERE id = ?").bind(id), share_in);
}

std::optional<AccessToken> Tables::access_token(std::string_view id) {
  return one(database_.query("SELECT " INGRESS_ACCESS_TOKEN_COLUMNS " FROM access_tokens WHERE id = ?").bind(id),
             access_token_in);
}

std::optional<JoinToken> Tables::join_token(std::string_view id) {
  return one(database_.query("SELECT " INGRESS_JOIN_TOKEN_COLUMNS " FROM join_tokens WHERE id = ?").bind(id),
             join_token_in);
}

std::optional<ChangeRow> Tables::change(int64_t revision) {
  return one(database_.query("SELECT " INGRESS_CHANGE_COLUMNS " FROM changes WHERE revision = ?").bind(revision),
             change_in);
}

std::string Tables::route_of_pattern(std::string_view pattern) {
  return text_of(database_.query("SELECT route FROM patterns WHERE pattern = ?").bind(pattern));
}

std::string Tables::owner_of_route(std::string_view id) {
  return text_of(database_.query("SELECT owner FROM routes WHERE id = ?").bind(id));
}

std::string Tables::project_attached_to(std::string_view machine) {
  return text_of(database_.query("SELECT slug FROM projects WHERE machine = ? LIMIT 1").bind(machine));
}

std::string Tables::service_on(std::string_view machine) {
  return text_of(
      database_.query("SELECT project || '/' || name FROM services WHERE machine = ? LIMIT 1").bind(machine));
}

bool Tables::has_service_on(std::string_view project, std::string_view machine) {
  return !text_of(database_.query("SELECT name FROM services WHERE machine = ? AND project = ? LIMIT 1")
                      .bind(machine)
                      .bind(project))
              .empty();
}

std::string Tables::route_to_machine(std::string_view machine) {
  return text_of(database_.query("SELECT route FROM patterns WHERE machine = ? LIMIT 1").bind(machine));
}

std::string Tables::route_to_project(std::string_view project) {
  return text_of(database_.query("SELECT route FROM patterns WHERE project = ? LIMIT 1").bind(project));
}

std::string Tables::route_to_service(std::string_view project, std::string_view service) {
  std::string route = text_of(database_.query("SELECT route FROM patterns WHERE project = ? AND service = ? LIMIT 1")
                                  .bind(project)
                                  .bind(service));
  if (!route.empty()) return route;
  // Beside a machine the service is of the route's owner: by the index of its routes.
  return text_of(
      database_
          .query(
              "SELECT r.id FROM routes r CROSS JOIN patterns p ON p.route = r.id WHERE r.owner = ? AND r.owner <> '' "
              "AND p.service = ? AND p.project IS NULL AND p.project_template = '' LIMIT 1")
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

std::vector<std::string> Tables::access_tokens_of(std::string_view project) {
  return texts_of(
      database_.query("SELECT id FROM access_tokens WHERE role = 'project:' || ? ORDER BY id").bind(project));
}

std::vector<std::string> Tables::tcp_tokens_of(std::string_view machine) {
  const std::string begin = "tcp:" + std::string(machine) + ":";
  return texts_of(
      database_.query("SELECT id FROM access_tokens WHERE substr(role, 1, length(?1)) = ?1 ORDER BY id").bind(begin));
}

std::vector<std::string> Tables::join_tokens_of(std::string_view project) {
  return texts_of(database_.query("SELECT id FROM join_tokens WHERE project = ? ORDER BY id").bind(project));
}

std::vector<std::string> Tables::tokens_of(std::string_view machine) {
  return texts_of(database_.query("SELECT id FROM tokens WHERE machine = ? ORDER BY id").bind(machine));
}

std::vector<std::string> Tables::shares_on(std::string_view machine) {
  return texts_of(database_.query("SELECT id FROM shares WHERE machine = ? ORDER BY id").bind(machine));
}

std::vector<std::string> Tables::shares_of(std::string_view project) {
  return texts_of(
      database_.query("SELECT id FROM shares WHERE project = ? AND project <> '' ORDER BY id").bind(project));
}

int64_t Tables::count_of_machines(std::string_view owner) {
  db::Query query = database_.query("SELECT count(*) FROM machines WHERE owner = ? AND owner <> ''");
  query.bind(owner);
  return query.next() ? query.number(0) : 0;
}

int64_t Tables::count_of_routes(std::string_view owner) {
  db::Query query = database_.query("SELECT count(*) FROM routes WHERE owner = ? AND owner <> ''");
  query.bind(owner);
  return query.next() ? query.number(0) : 0;
}

std::vector<ChangeRow> Tables::changes_since(int64_t revision, int limit) {
  return all(
      database_.query("SELECT " INGRESS_CHANGE_COLUMNS " FROM changes WHERE revision > ? ORDER BY revision LIMIT ?")
          .bind(revision)
          .bind(int64_t{limit}),
      change_in);
}

int64_t Tables::beginning_of(std::string_view project) {
  db::Query query =
      database_.query("SELECT max(revision) FROM changes WHERE operation = 'project.create' AND subject = ?");
  query.bind(project);
  return query.next() ? query.number(0) : 0;
}

std::vector<ChangeRow> Tables::changes_of_project(std::string_view project, int64_t revision, int limit) {
  return all(database_
                 .query("SELECT " INGRESS_CHANGE_COLUMNS
                        " FROM changes WHERE project = ? AND project <> '' AND revision > ? ORDER BY revision LIMIT ?")
                 .bind(project)
                 .bind(std::max(revision, beginning_of(project) - 1))
                 .bind(int64_t{limit}),
             change_in);
}

std::vector<ChangeRow> Tables::changes_before(std::string_view project, int64_t revision, int limit) {
  if (project.empty()) {
    db::Query query = database_.query("SELECT " INGRESS_CHANGE_COLUMNS
                                      " FROM changes WHERE revision < ? ORDER BY revision DESC LIMIT ?");
    return all(query.bind(revision).bind(int64_t{limit}), change_in);
  }
  db::Query query =
      database_.query("SELECT " INGRESS_CHANGE_COLUMNS
                      " FROM changes WHERE project = ? AND project <> '' AND revision < ? AND revision >= ? ORDER "
                      "BY revision DESC LIMIT ?");
  return all(query.bind(project).bind(revision).bind(beginning_of(project)).bind(int64_t{limit}), change_in);
}

std::vector<Machine> Tables::machines() {
  db::Query query = database_.query("SELECT " INGRESS_MACHINE_COLUMNS " FROM machines ORDER BY id");
  return all(query, machine_in);
}

std::vector<Token> Tables::tokens() {
  db::Query query = database_.query("SELECT " INGRESS_TOKEN_COLUMNS " FROM tokens ORDER BY machine, id");
  return all(query, token_in);
}

std::vector<Project> Tables::projects() {
  db::Query query = database_.query("SELECT " INGRESS_PROJECT_COLUMNS " FROM projects ORDER BY slug");
  return all(query, project_in);
}

std::vector<Service> Tables::services() {
  db::Query query = database_.query("SELECT " INGRESS_SERVICE_COLUMNS " FROM services ORDER BY project, name");
  return all(query, service_in);
}

std::vector<Route> Tables::routes() {
  db::Query query = database_.query("SELECT " INGRESS_ROUTE_COLUMNS " FROM routes ORDER BY id");
  std::vector<Route> routes = all(query, route_in);
  // Both in the order of the route's id: one pass.
  db::Query patterns =
      database_.query("SELECT " INGRESS_PATTERN_COLUMNS ", route FROM patterns ORDER BY route, position");
  auto route = routes.begin();
  while (patterns.next()) {
    constexpr int kRouteColumn = 7;
    const std::string id = patterns.text(kRouteColumn);
    while (route != routes.end() && route->id != id) ++route;
    if (route == routes.end()) break;
    route->patterns.push_back(pattern_in(patterns));
  }
  return routes;
}

std::vector<Domain> Tables::domains() {
  db::Query query = database_.query("SELECT " INGRESS_DOMAIN_COLUMNS " FROM domains ORDER BY name");
  return all(query, domain_in);
}

std::vector<Share> Tables::shares() {
  db::Query query = database_.query("SELECT " INGRESS_SHARE_COLUMNS " FROM shares ORDER BY id");
  return all(query, share_in);
}

std::vector<AccessToken> Tables::access_tokens() {
  db::Query query = database_.query("SELECT " INGRESS_ACCESS_TOKEN_COLUMNS " FROM access_tokens ORDER BY id");
  return all(query, access_token_in);
}

std::vector<JoinToken> Tables::join_tokens() {
  db::Query query = database_.query("SELECT " INGRESS_JOIN_TOKEN_COLUMNS " FROM join_tokens ORDER BY id");
  return all(query, join_token_in);
}

}  // namespace ingress::broker
