#include "broker/model/role.h"

#include "broker/model/ids.h"

namespace ingress::broker {
namespace {

constexpr std::string_view kProject = "project:";
constexpr std::string_view kTcp = "tcp:";

// "MACHINE:PORT" or "MACHINE:*".
std::optional<Role> tcp_role(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !machine_id_form(text.substr(0, colon))) return std::nullopt;
  Role role{RoleKind::kTcp, {}, std::string(text.substr(0, colon))};
  const std::string_view port = text.substr(colon + 1);
  if (port == "*") return role;
  const std::optional<int> number = parse_port(port);
  if (!number) return std::nullopt;
  role.port = *number;
  return role;
}

}  // namespace

std::string project_of_role(std::string_view text) {
  return text.starts_with(kProject) ? std::string(text.substr(kProject.size())) : std::string();
}

std::string tcp_role_text(const std::string& machine, int port) {
  return std::string(kTcp) + machine + ":" + (port == 0 ? "*" : std::to_string(port));
}

std::optional<Role> parse_role(std::string_view text) {
  if (text == "read") return Role{RoleKind::kRead};
  if (text == "write") return Role{RoleKind::kWrite};
  if (text.starts_with(kTcp)) return tcp_role(text.substr(kTcp.size()));
  const std::string project = project_of_role(text);
  if (!slug_form(project)) return std::nullopt;
  return Role{RoleKind::kProject, project};
}

}  // namespace ingress::broker
