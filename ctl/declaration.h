// The declared file of a project (`project apply -f`): what it shall be, and what is to be done for that. Pure, but for
// reading the file.
//
//   slug = "misha"              machine, defaultPort, suspended, metadata, limits, wildcardCertificate, policy: as the
//                               API has them
//   domains = ["example.com"]
//   [services.docs]             port, machine, policy
//   port = 4000
//
// What the file does not name stays as it is, of a service, too; of services and domains, where it names any, the
// others go.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ctl/outcome.h"

namespace ingress::ctl {

// TOML, or JSON where the file's name ends in .json or its first byte is `{`. "-" is standard input.
Outcome<Json> read_declaration(const std::string& path);
// A sentence where a member is unknown or of another type.
Outcome<bool> check_declaration(const Json& declared);

// What is there now.
struct ProjectNow {
  Json project;  // null where there is none
  Json services = Json::array();
  std::map<std::string, std::string> service_tags;  // the ETag of each, by its name: for what keeps some of it
  Json domains = Json::array();
};

struct PlannedStep {
  std::string line;  // "+ service docs: port 4000", for people
  Json operation;    // of POST /v1/batch
};

std::vector<PlannedStep> plan_of(const Json& declared, const ProjectNow& now);

}  // namespace ingress::ctl
