// The program: reads the command line, carries one command out, returns the exit code (design, section 3).
#pragma once

#include <iosfwd>

namespace ingress::ctl {

int run(int argc, const char* const* argv, const char* version, std::ostream& out, std::ostream& err);

}  // namespace ingress::ctl
