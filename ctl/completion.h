// Completion scripts of shells, made from the tree of commands: commands, flags, and values where they are few. Pure.
#pragma once

#include <string>

#include "ctl/command_tree.h"

namespace ingress::ctl {

std::string bash_completion(const CommandNode& program);
std::string zsh_completion(const CommandNode& program);
std::string fish_completion(const CommandNode& program);

}  // namespace ingress::ctl
