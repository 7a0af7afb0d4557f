// Records from the JSON of `changes`, as record_json.h writes it. What a member lacks, or has as another type than
// ours, is as in an empty record; hashes are given apart, since no change has them. For the sources of the store alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "broker/model/records.h"

namespace ingress::broker {

// null for "", discarded for what is no JSON.
nlohmann::json json_in(const std::string& text);
std::string text_in(const nlohmann::json& row, const char* name);

Machine machine_of(const nlohmann::json& row);
Token token_of(const nlohmann::json& row, std::string sha256);
// Without its machine ("machine" of the row): attachments are changes of their own.
Project project_of(const nlohmann::json& row);
Service service_of(const nlohmann::json& row);
// Patterns as they are shown: check_record normalises them.
Route route_of(const nlohmann::json& row);
Domain domain_of(const nlohmann::json& row);
Share share_of(const nlohmann::json& row, std::string sha256);
AccessToken access_token_of(const nlohmann::json& row, std::string sha256);
JoinToken join_token_of(const nlohmann::json& row, std::string sha256);

}  // namespace ingress::broker
