// An exchange, as an event of the admin API tells it, as a line for people. Pure.
#pragma once

#include <string>

#include "ctl/outcome.h"

namespace ingress::ctl {

// "TIME CLIENT METHOD HOST/TARGET STATUS BYTES MS MACHINE:PORT [ERROR]", in the style of an access log. One that still
// runs (`open`) has "open" before its status. Nothing in it can drive a terminal.
std::string exchange_text(const Json& exchange, bool open);

}  // namespace ingress::ctl
