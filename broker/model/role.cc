#include "broker/model/role.h"

#include "broker/model/ids.h"

namespace ingress::broker {
namespace {

constexpr std::string_view kProject = "project:";

}  // namespace

std::string project_of_role(std::string_view text) {
  return text.starts_with(kProject) ? std::string(text.substr(kProject.size())) : std::string();
}

std::optional<Role> parse_role(std::string_view text) {
  if (text == "read") return Role{RoleKind::kRead};
  if (text == "write") return Role{RoleKind::kWrite};
  const std::string project = project_of_role(text);
  if (!slug_form(project)) return std::nullopt;
  return Role{RoleKind::kProject, project};
}

}  // namespace ingress::broker
