#include "broker/tcp/tcp_access.h"

#include <ctime>

#include "broker/model/expiry.h"
#include "broker/model/ids.h"

namespace ingress::broker::tcp {
namespace {

tl::unexpected<Error> refuse(ErrorCode code, const char* why) { return fail(code, Side::kClient, why); }

bool belongs_to(const RouteIndex& index, const Machine& machine, const std::string& project) {
  const Project* const own = index.project(project);
  if (own == nullptr || own->suspended) return false;
  return machine.owner == project || own->machine == machine.id;
}

// By its id, or by a host that leads to it; "" with `why`.
Result<std::string> find_machine(const RouteIndex& index, std::string_view host) {
  if (index.machine(host) != nullptr) return std::string(host);
  std::string name(host);
  // The grammar knows a machine's other spellings.
  if (name.find('.') == std::string::npos) name.append(".machines.").append(index.domains().front());
  Resolution found;
  const RouteQuery query{name, "/", std::time(nullptr)};
  if (const Status resolved = index.resolve(query, found); !resolved) return tl::unexpected(resolved.error());
  return std::string(found.machine);
}

bool is_tenants(const Role& role) { return role.kind == RoleKind::kTcp || role.kind == RoleKind::kProject; }

// Of a tenant's token: while the project is suspended that the machine is or belongs to, its own host says so.
bool is_suspended(const RouteIndex& index, const std::string& machine) {
  Resolution found;
  const std::string host = machine + ".machines." + index.domains().front();
  const Status resolved = index.resolve({host, "/", std::time(nullptr)}, found);
  return !resolved && resolved.error().code == ErrorCode::kForbidden;
}

}  // namespace

bool may_connect(const RouteIndex& index, const Role& role, const TcpTarget& target) {
  const Machine* const machine = index.machine(target.machine);
  if (machine == nullptr) return false;
  switch (role.kind) {
    case RoleKind::kFull:
    case RoleKind::kWrite:
      return true;
    case RoleKind::kRead:
      return false;
    case RoleKind::kProject:
      return belongs_to(index, *machine, role.project);
    case RoleKind::kTcp:
      return role.machine == target.machine && (role.port == 0 || role.port == target.port);
  }
  return false;
}

bool still_reaches(const RouteIndex& index, const Role& role, const TcpTarget& target) {
  if (!may_connect(index, role, target)) return false;
  if (is_over(index.machine(target.machine)->expires_at, std::time(nullptr))) return false;
  return !(is_tenants(role) && is_suspended(index, target.machine));
}

Result<TcpTarget> find_target(const RouteIndex& index, const Role& role, std::string_view authority) {
  const size_t colon = authority.rfind(':');
  const std::optional<int> port =
      colon == std::string_view::npos ? std::nullopt : parse_port(authority.substr(colon + 1));
  if (!port) return refuse(ErrorCode::kInvalidPort, "write MACHINE:PORT, a port from 1 to 65535");
  const Result<std::string> machine = find_machine(index, authority.substr(0, colon));
  if (!machine) return tl::unexpected(machine.error());
  TcpTarget target{*machine, *port};
  if (!may_connect(index, role, target)) {
    if (role.kind == RoleKind::kProject) return refuse(ErrorCode::kMachineNotFound, "no such machine");
    return refuse(ErrorCode::kForbidden, "this token does not reach that port");
  }
  if (is_tenants(role) && is_suspended(index, target.machine)) {
    return refuse(ErrorCode::kForbidden, "the machine's project is suspended");
  }
  const Machine& found = *index.machine(target.machine);
  if (found.state == MachineState::kArchived) return refuse(ErrorCode::kMachineNotRoutable, "the machine is archived");
  if (is_over(found.expires_at, std::time(nullptr))) {
    return refuse(ErrorCode::kRouteExpired, "the machine's time is over");
  }
  return target;
}

}  // namespace ingress::broker::tcp
