// Who asks the admin API, and how far it may go. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingress::broker {

enum class RoleKind : uint8_t { kFull, kWrite, kRead, kProject, kTcp };

struct Role {
  RoleKind kind = RoleKind::kFull;
  std::string project = {};  // of kProject
  std::string machine = {};  // of kTcp: it may connect to this machine's port, and nothing else
  int port = 0;              // 0: any

  bool operator==(const Role&) const = default;
};

// "read", "write", "project:SLUG", "tcp:MACHINE:PORT", "tcp:MACHINE:*": what a token may have.
std::optional<Role> parse_role(std::string_view text);
// "tcp:MACHINE:PORT", "tcp:MACHINE:*" for port 0.
std::string tcp_role_text(const std::string& machine, int port);
// The slug of "project:SLUG", "" for others.
std::string project_of_role(std::string_view text);

}  // namespace ingress::broker
