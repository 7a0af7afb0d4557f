#include "broker/model/ids.h"
#include "broker/model/machine_state.h"
#include "broker/model/target_template.h"
#include "broker/store/reversed_names.h"
#include "broker/store/tables.h"

namespace ingress::broker {

void Tables::put(const Machine& machine) {
  database_
      .query(
          "INSERT INTO machines (id, alias, state, default_port, metadata, created_at, owner, policy, expires_at) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
          "default_port = excluded.default_port, metadata = excluded.metadata, created_at = excluded.created_at, "
          "owner = excluded.owner, policy = excluded.policy, expires_at = excluded.expires_at")
      .bind(machine.id)
      .bind(alias_of(machine.id))
      .bind(name_of(machine.state))
      .bind(int64_t{machine.default_port})
      .bind(machine.metadata)
      .bind(machine.created_at)
      .bind(machine.owner)
      .bind(machine.policy)
      .bind(machine.expires_at)
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
          "INSERT INTO projects (slug, machine, default_port, suspended, policy, metadata, created_at, limits, "
          "wildcard_certificate) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug) DO UPDATE SET machine = "
          "excluded.machine, "
          "default_port = excluded.default_port, suspended = excluded.suspended, policy = excluded.policy, "
          "metadata = excluded.metadata, created_at = excluded.created_at, limits = excluded.limits, "
          "wildcard_certificate = excluded.wildcard_certificate")
      .bind(project.slug)
      .bind_or_null(project.machine)
      .bind(int64_t{project.default_port})
      .bind(int64_t{project.suspended ? 1 : 0})
      .bind(project.policy)
      .bind(project.metadata)
      .bind(project.created_at)
      .bind(project.limits)
      .bind(int64_t{project.wildcard_certificate ? 1 : 0})
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
          "INSERT INTO routes (id, external_id, metadata, created_at, owner, expires_at) VALUES (?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, metadata = excluded.metadata, "
          "created_at = excluded.created_at, owner = excluded.owner, expires_at = excluded.expires_at")
      .bind(route.id)
      .bind(route.external_id)
      .bind(route.metadata)
      .bind(route.created_at)
      .bind(route.owner)
      .bind(route.expires_at)
      .run();
  int64_t position = 0;
  for (const RoutePattern& pattern : route.patterns) put_pattern(route, position++, pattern);
}

void Tables::put_pattern(const Route& route, int64_t position, const RoutePattern& pattern) {
  // Names that hold captures are no references.
  const auto split = [](const std::string& name) {
    const bool is_template = has_capture(name);
    return std::pair{is_template ? std::string() : name, is_template ? name : std::string()};
  };
  const auto [machine, machine_template] = split(pattern.target.machine);
  const auto [project, project_template] = split(pattern.target.project);
  database_
      .query(
          "INSERT INTO patterns (pattern, route, position, machine, project, service, port, policy, text, "
          "machine_template, project_template, reversed, owner) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(pattern.pattern)
      .bind(route.id)
      .bind(position)
      .bind_or_null(machine)
      .bind_or_null(project)
      .bind(pattern.target.service)
      .bind(int64_t{pattern.target.port})
      .bind(pattern.policy)
      .bind(pattern.text)
      .bind(machine_template)
      .bind(project_template)
      .bind(reversed_host(pattern.pattern))
      .bind(route.owner)
      .run();
}

void Tables::put(const Domain& domain) {
  database_
      .query(
          "INSERT INTO domains (name, project, created_at, reversed) VALUES (?, ?, ?, ?) "
          "ON CONFLICT (name) DO UPDATE SET project = excluded.project, created_at = excluded.created_at")
      .bind(domain.name)
      .bind(domain.project)
      .bind(domain.created_at)
      .bind(reversed(domain.name))
      .run();
}

void Tables::put(const Share& share) {
  database_
      .query(
          "INSERT INTO shares (id, host, path, machine, port, project, sha256, label, created_at, expires_at) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET host = excluded.host, "
          "path = excluded.path, machine = excluded.machine, port = excluded.port, project = excluded.project, "
          "sha256 = excluded.sha256, label = excluded.label, created_at = excluded.created_at, "
          "expires_at = excluded.expires_at")
      .bind(share.id)
      .bind(share.host)
      .bind(share.path)
      .bind(share.machine)
      .bind(int64_t{share.port})
      .bind(share.project)
      .bind(share.sha256)
      .bind(share.label)
      .bind(share.created_at)
      .bind(share.expires_at)
      .run();
}

void Tables::put(const AccessToken& token) {
  database_
      .query(
          "INSERT INTO access_tokens (id, role, sha256, label, created_at, expires_at, rotated) VALUES (?, ?, ?, ?, ?, "
          "?, ?) "
          "ON CONFLICT (id) DO UPDATE SET role = excluded.role, sha256 = excluded.sha256, label = excluded.label, "
          "created_at = excluded.created_at, expires_at = excluded.expires_at, rotated = excluded.rotated")
      .bind(token.id)
      .bind(token.role)
      .bind(token.sha256)
      .bind(token.label)
      .bind(token.created_at)
      .bind(token.expires_at)
      .bind(int64_t{token.rotated ? 1 : 0})
      .run();
}

void Tables::put(const JoinToken& token) {
  database_
      .query(
          "INSERT INTO join_tokens (id, project, sha256, label, uses_left, created_at, expires_at) "
          "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET project = excluded.project, "
          "sha256 = excluded.sha256, label = excluded.label, uses_left = excluded.uses_left, "
          "created_at = excluded.created_at, expires_at = excluded.expires_at")
      .bind(token.id)
      .bind(token.project)
      .bind(token.sha256)
      .bind(token.label)
      .bind(token.uses_left)
      .bind(token.created_at)
      .bind(token.expires_at)
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

void Tables::erase_patterns_of(std::string_view route) {
  database_.query("DELETE FROM patterns WHERE route = ?").bind(route).run();
}

void Tables::erase_pattern(std::string_view pattern) {
  database_.query("DELETE FROM patterns WHERE pattern = ?").bind(pattern).run();
}

void Tables::erase_domain(std::string_view name) {
  database_.query("DELETE FROM domains WHERE name = ?").bind(name).run();
}

void Tables::erase_share(std::string_view id) { database_.query("DELETE FROM shares WHERE id = ?").bind(id).run(); }

void Tables::erase_access_token(std::string_view id) {
  database_.query("DELETE FROM access_tokens WHERE id = ?").bind(id).run();
}

void Tables::erase_join_token(std::string_view id) {
  database_.query("DELETE FROM join_tokens WHERE id = ?").bind(id).run();
}

void Tables::append(const ChangeRow& row) {
  database_
      .query(
          "INSERT INTO changes (revision, at, actor, operation, subject, before, after, project) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(row.revision)
      .bind(row.at)
      .bind(row.actor)
      .bind(row.operation)
      .bind(row.subject)
      .bind(row.before)
      .bind(row.after)
      .bind(row.project)
      .run();
}

}  // namespace ingress::broker
