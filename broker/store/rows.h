// The columns of the tables and their readers, in the order of the records' members. For the sources of Tables alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/model/machine_state.h"
#include "broker/model/records.h"
#include "common/database/database.h"

#define INGRESS_MACHINE_COLUMNS "id, state, default_port, metadata, created_at, owner, policy, expires_at"
#define INGRESS_TOKEN_COLUMNS "id, machine, sha256, label, created_at"
#define INGRESS_PROJECT_COLUMNS \
  "slug, machine, default_port, suspended, policy, metadata, created_at, limits, wildcard_certificate"
#define INGRESS_SERVICE_COLUMNS "project, name, port, machine, policy"
#define INGRESS_ROUTE_COLUMNS "id, external_id, metadata, created_at, owner, expires_at"
#define INGRESS_PATTERN_COLUMNS \
  "pattern, coalesce(machine, machine_template), coalesce(project, project_template), service, port, policy, text"
#define INGRESS_DOMAIN_COLUMNS "name, project, created_at"
#define INGRESS_SHARE_COLUMNS "id, host, path, machine, port, project, sha256, label, created_at, expires_at"
#define INGRESS_ACCESS_TOKEN_COLUMNS "id, role, sha256, label, created_at, expires_at, rotated"
#define INGRESS_JOIN_TOKEN_COLUMNS "id, project, sha256, label, uses_left, created_at, expires_at"
#define INGRESS_CHANGE_COLUMNS "revision, at, actor, operation, subject, before, after, project"

namespace ingress::broker {

inline Machine machine_in(const db::Query& row) {
  return {row.text(0),
          parse_machine_state(row.text(1)).value_or(MachineState::kActive),
          static_cast<int>(row.number(2)),
          row.text(3),
          row.number(4),
          row.text(5),
          row.text(6),
          row.number(7)};
}
inline Token token_in(const db::Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.number(4)};
}
inline Project project_in(const db::Query& row) {
  return {row.text(0),        row.text(1), static_cast<int>(row.number(2)),
          row.number(3) != 0, row.text(4), row.text(5),
          row.number(6),      row.text(7), row.number(8) != 0};
}
inline Service service_in(const db::Query& row) {
  return {row.text(0), row.text(1), static_cast<int>(row.number(2)), row.text(3), row.text(4)};
}
inline Route route_in(const db::Query& row) {
  return {row.text(0), {}, row.text(1), row.text(2), row.number(3), row.text(4), row.number(5)};
}
inline RoutePattern pattern_in(const db::Query& row) {
  return {
      row.text(0), {row.text(1), row.text(2), row.text(3), static_cast<int>(row.number(4))}, row.text(5), row.text(6)};
}
inline Domain domain_in(const db::Query& row) { return {row.text(0), row.text(1), row.number(2)}; }
inline Share share_in(const db::Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3),   static_cast<int>(row.number(4)),
          row.text(5), row.text(6), row.text(7), row.number(8), row.number(9)};
}
inline AccessToken access_token_in(const db::Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.number(4), row.number(5), row.number(6) != 0};
}
inline JoinToken join_token_in(const db::Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.number(4), row.number(5), row.number(6)};
}
inline ChangeRow change_in(const db::Query& row) {
  return {row.number(0), row.number(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6), row.text(7)};
}

template <class Record>
std::optional<Record> one(db::Query& query, Record (*read)(const db::Query&)) {
  if (!query.next()) return std::nullopt;
  return read(query);
}

template <class Record>
std::vector<Record> all(db::Query& query, Record (*read)(const db::Query&)) {
  std::vector<Record> records;
  while (query.next()) records.push_back(read(query));
  return records;
}

inline std::vector<std::string> texts_of(db::Query& query) {
  std::vector<std::string> texts;
  while (query.next()) texts.push_back(query.text(0));
  return texts;
}

inline std::string text_of(db::Query& query) { return query.next() ? query.text(0) : std::string(); }

}  // namespace ingress::broker
