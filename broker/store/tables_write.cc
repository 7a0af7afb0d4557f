#include "broker/model/ids.h"
#include "broker/model/machine_state.h"
#include "broker/store/tables.h"

namespace ingress::broker {

void Tables::put(const Machine& machine) {
  database_
      .query(
          "INSERT INTO machines (id, alias, state, default_port, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (id) DO UPDATE SET state = excluded.state, default_port = excluded.default_port, "
          "metadata = excluded.metadata, created_at = excluded.created_at")
      .bind(machine.id)
      .bind(alias_of(machine.id))
      .bind(name_of(machine.state))
      .bind(int64_t{machine.default_port})
      .bind(machine.metadata)
      .bind(machine.created_at)
      .run();
}

void Tables::put(const Token& token) {
  database_
      .query(
          "INSERT INTO tokens (machine, id, sha256, label, created_at) VALUES (?, ?, ?, ?, ?) "
          "ON CONFLICT (machine, id) DO UPDATE SET sha256 = excluded.sha256, label = excluded.label, "
          "created_at = excluded.created_at")
      .bind(token.machine)
      .bind(token.id)
      .bind(token.sha256)
      .bind(token.label)
      .bind(token.created_at)
      .run();
}

void Tables::put(const Project& project) {
  database_
      .query(
          "INSERT INTO projects (slug, machine, default_port, suspended, policy, metadata, created_at) "
          "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug) DO UPDATE SET machine = excluded.machine, "
          "default_port = excluded.default_port, suspended = excluded.suspended, policy = excluded.policy, "
          "metadata = excluded.metadata, created_at = excluded.created_at")
      .bind(project.slug)
      .bind_or_null(project.machine)
      .bind(int64_t{project.default_port})
      .bind(int64_t{project.suspended ? 1 : 0})
      .bind(project.policy)
      .bind(project.metadata)
      .bind(project.created_at)
      .run();
}

void Tables::put(const Service& service) {
  database_
      .query(
          "INSERT INTO services (project, name, port, machine, policy) VALUES (?, ?, ?, ?, ?) "
          "ON CONFLICT (project, name) DO UPDATE SET port = excluded.port, machine = excluded.machine, "
          "policy = excluded.policy")
      .bind(service.project)
      .bind(service.name)
      .bind(int64_t{service.port})
      .bind_or_null(service.machine)
      .bind(service.policy)
      .run();
}

void Tables::put(const Route& route) {
  database_
      .query(
          "INSERT INTO routes (id, external_id, metadata, created_at) VALUES (?, ?, ?, ?) "
          "ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, metadata = excluded.metadata, "
          "created_at = excluded.created_at")
      .bind(route.id)
      .bind(route.external_id)
      .bind(route.metadata)
      .bind(route.created_at)
      .run();
  database_.query("DELETE FROM patterns WHERE route = ?").bind(route.id).run();
  int64_t position = 0;
  for (const RoutePattern& pattern : route.patterns) {
    database_
        .query(
            "INSERT INTO patterns (pattern, route, position, machine, project, service, port, policy) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(pattern.pattern)
        .bind(route.id)
        .bind(position++)
        .bind_or_null(pattern.target.machine)
        .bind_or_null(pattern.target.project)
        .bind(pattern.target.service)
        .bind(int64_t{pattern.target.port})
        .bind(pattern.policy)
        .run();
  }
}

void Tables::put(const Domain& domain) {
  database_
      .query(
          "INSERT INTO domains (name, project, created_at) VALUES (?, ?, ?) "
          "ON CONFLICT (name) DO UPDATE SET project = excluded.project, created_at = excluded.created_at")
      .bind(domain.name)
      .bind(domain.project)
      .bind(domain.created_at)
      .run();
}

void Tables::erase_machine(std::string_view id) { database_.query("DELETE FROM machines WHERE id = ?").bind(id).run(); }

void Tables::erase_token(std::string_view machine, std::string_view id) {
  database_.query("DELETE FROM tokens WHERE machine = ? AND id = ?").bind(machine).bind(id).run();
}

void Tables::erase_project(std::string_view slug) {
  database_.query("DELETE FROM projects WHERE slug = ?").bind(slug).run();
}

void Tables::erase_service(std::string_view project, std::string_view name) {
  database_.query("DELETE FROM services WHERE project = ? AND name = ?").bind(project).bind(name).run();
}

void Tables::erase_route(std::string_view id) { database_.query("DELETE FROM routes WHERE id = ?").bind(id).run(); }

void Tables::erase_pattern(std::string_view pattern) {
  database_.query("DELETE FROM patterns WHERE pattern = ?").bind(pattern).run();
}

void Tables::erase_domain(std::string_view name) {
  database_.query("DELETE FROM domains WHERE name = ?").bind(name).run();
}

void Tables::append(const ChangeRow& row) {
  database_
      .query(
          "INSERT INTO changes (revision, at, actor, operation, subject, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(row.revision)
      .bind(row.at)
      .bind(row.actor)
      .bind(row.operation)
      .bind(row.subject)
      .bind(row.before)
      .bind(row.after)
      .run();
}

}  // namespace ingress::broker
