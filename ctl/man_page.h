// The man page of a program, made from the tree of its commands. Pure.
#pragma once

#include <string>

#include "ctl/command_tree.h"

namespace ingress::ctl {

// roff with the macros of man(7).
std::string man_page(const CommandNode& program, const std::string& version);

}  // namespace ingress::ctl
