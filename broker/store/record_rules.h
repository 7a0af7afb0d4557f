// What a record may hold, apart from the tables: ids, ports, states, JSON. Patterns and domains are normalised in
// place. Pure functions. `problem` gets a sentence where kInvalidArgument is given.
#pragma once

#include <string>

#include "broker/model/records.h"
#include "common/base/error.h"

namespace ingress::broker {

Status check_record(const Machine& machine, std::string& problem);
Status check_record(const Token& token, std::string& problem);
Status check_record(const Project& project, std::string& problem);
Status check_record(const Service& service, std::string& problem);
Status check_record(Route& route, std::string& problem);
// That part of it which says what the patterns are.
Status normalise_patterns(Route& route, std::string& problem);
Status check_record(Domain& domain, std::string& problem);
Status check_record(const Share& share, std::string& problem);
Status check_record(const AccessToken& token, std::string& problem);
Status check_record(const JoinToken& token, std::string& problem);

}  // namespace ingress::broker
