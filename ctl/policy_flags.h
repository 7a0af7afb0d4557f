// The policy of a project, service or route on the command line: whole as JSON, or key by key.
#pragma once

#include <string>

#include "ctl/command.h"
#include "ctl/outcome.h"

namespace ingress::ctl {

struct PolicyFlags {
  std::string json;
  std::string profile;
  std::string host;
  std::string origin;
  std::string origin_protocol;
  std::string auth;
  std::string park;
  std::string wake;

  void add_to(Command command);
  bool given() const { return !(json + profile + host + origin + origin_protocol + auth + park + wake).empty(); }
  // The policy that they make of `before`: --policy replaces it, the others set their key. What is refused is not
  // repeated: it may be secret.
  Outcome<Json> over(const Json& before) const;
};

}  // namespace ingress::ctl
