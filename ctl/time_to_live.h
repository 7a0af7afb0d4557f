// --ttl, of whatever can expire.
#pragma once

#include <string>

#include "ctl/command.h"
#include "ctl/outcome.h"

namespace ingress::ctl {

// A time as 600s or 8h, or a whole number of seconds. The failure names the flag.
Outcome<long long> seconds_of(const char* flag, const std::string& text);

struct TimeToLive {
  std::string text;

  void add_to(Command command) {
    command.option("--ttl", text, "How long it lives from now on, as 3600 (seconds), 8h or 7d; never: for good",
                   "TIME");
  }
  // Sets the member `ttl` where it was said.
  Outcome<bool> put_into(Json& body) const;
};

}  // namespace ingress::ctl
