// The text that a flag stands for: so that secrets need not be on a command line, which others can read.
#pragma once

#include <string>

#include "ctl/outcome.h"

namespace ingress::ctl {

// `said` itself, or the text of FILE for "@FILE", or standard input for "-". A sentence where it cannot be read or is
// empty.
Outcome<std::string> text_of(const std::string& said);

}  // namespace ingress::ctl
