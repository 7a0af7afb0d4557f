// Programs that are installed beside this one.
#pragma once

#include <string>

namespace ingress::broker::dev {

// The path of the one of that name, or the name alone where there is none: the PATH has it then.
std::string program_beside(const std::string& name);
// As somebody at a shell calls it: its name where the PATH has it, else its path.
std::string program_to_type(const std::string& name);

}  // namespace ingress::broker::dev
