// What a role may change. One place for all writes: each change of a request is held against it before it is put.
// Thread: the store's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/admin/answer.h"
#include "broker/model/role.h"
#include "broker/store/tables.h"

namespace ingress::broker::admin {

// `domains`: the broker's. The names of the change are normalised first. The refusal, or nullopt; what a project's
// token may not take from others is not taken (`overwrite` of a route's patterns).
std::optional<Answer> check_access(const Role& role, const std::vector<std::string>& domains, Tables& tables,
                                   Change& change);

// Whether a role sees a machine: its project's own, the one attached to it, those of its services.
bool sees(const Role& role, Tables& tables, const Machine& machine);
// What it sees of one: whose another's machine is, and what that one says of it, is not a project's to know.
Machine seen_by(const Role& role, Machine machine);
inline bool sees(const Role& role, const std::string& project) {
  return role.kind != RoleKind::kProject || role.project == project;
}

}  // namespace ingress::broker::admin
