// Descriptors that this process was started with, named by variables of its environment. Thread: the main one.
#pragma once

#include <optional>
#include <vector>

#include "common/uv/owned_fd.h"

namespace ingress::uv {

// The variable's value where that is a number; nullopt where there is none.
std::optional<int> number_in_environment(const char* variable);

// Those that the variable lists ("5,6"), in that order; empty where one of them is not open. Each variable may be asked
// for once: who is given them owns them, and no child inherits them.
std::vector<OwnedFd> take_inherited_fds(const char* variable);

}  // namespace ingress::uv
