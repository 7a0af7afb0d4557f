// Who may connect to which port of which machine (docs/tcp.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "broker/model/role.h"
#include "broker/routing/route_index.h"

namespace ingress::broker::tcp {

struct TcpTarget {
  std::string machine;
  int port = 0;
};

// What a CONNECT names, "mach_1:22": a machine by its id, its id with `-` for `_`, or any host that leads to one
// ("misha.DOMAIN:22"). Errors: kInvalidPort, kInvalidHost, kMachineNotFound, kMachineNotRoutable and what resolving
// says; kForbidden where the role does not reach it, and for a project's token kMachineNotFound: what is another's is
// not there for it.
Result<TcpTarget> find_target(const RouteIndex& index, const Role& role, std::string_view authority);

// The role reaches that port, of a machine that is there.
bool may_connect(const RouteIndex& index, const Role& role, const TcpTarget& target);

// What is open there may stay: the role reaches it, and the machine's project is not suspended for it.
bool still_reaches(const RouteIndex& index, const Role& role, const TcpTarget& target);

}  // namespace ingress::broker::tcp
