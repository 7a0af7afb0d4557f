// Records as the JSON of `changes`: the hashes of tokens (of machines, access and join) and shares are left out.
#pragma once

#include <string>
#include <string_view>

#include "broker/model/records.h"

namespace ingress::broker {

// `metadata` and `policy` of the records are JSON objects already.
std::string json_of(const Machine& machine);
std::string json_of(const Token& token);
std::string json_of(const Project& project);
std::string json_of(const Service& service);
std::string json_of(const Route& route);
std::string json_of(const Domain& domain);
std::string json_of(const Share& share);
std::string json_of(const AccessToken& token);
std::string json_of(const JoinToken& token);
// {"machine":"mach_1"}: what a project has attached.
std::string json_of_attachment(std::string_view machine);

// Whether the text is a JSON object of bearable size.
bool is_json_object(std::string_view text);

}  // namespace ingress::broker
