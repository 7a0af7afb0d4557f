#include "broker/store/json_records.h"

#include <utility>

#include "broker/model/machine_state.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

// null where there is none.
const json& member(const json& row, const char* name) {
  static const json kNone;
  const auto found = row.find(name);
  return found == row.end() ? kNone : *found;
}

int64_t number(const json& row, const char* name) {
  const json& value = member(row, name);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

int small(const json& row, const char* name) { return static_cast<int>(number(row, name)); }

bool flag(const json& row, const char* name) {
  const json& value = member(row, name);
  return value.is_boolean() && value.get<bool>();
}

std::string object(const json& row, const char* name) {
  const json& value = member(row, name);
  return value.is_object() ? value.dump() : "{}";
}

}  // namespace

json json_in(const std::string& text) { return text.empty() ? json() : json::parse(text, nullptr, false); }

std::string text_in(const json& row, const char* name) {
  const json& value = member(row, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

Machine machine_of(const json& row) {
  return {text_in(row, "id"),        parse_machine_state(text_in(row, "state")).value_or(MachineState::kActive),
          small(row, "defaultPort"), object(row, "metadata"),
          number(row, "createdAt"),  text_in(row, "owner"),
          object(row, "policy"),     number(row, "expiresAt")};
}

Token token_of(const json& row, std::string sha256) {
  return {text_in(row, "id"), text_in(row, "machine"), std::move(sha256), text_in(row, "label"),
          number(row, "createdAt")};
}

Project project_of(const json& row) {
  return {text_in(row, "slug"),
          "",
          small(row, "defaultPort"),
          flag(row, "suspended"),
          object(row, "policy"),
          object(row, "metadata"),
          number(row, "createdAt"),
          object(row, "limits"),
          flag(row, "wildcardCertificate")};
}

Service service_of(const json& row) {
  return {text_in(row, "project"), text_in(row, "name"), small(row, "port"), text_in(row, "machine"),
          object(row, "policy")};
}

Route route_of(const json& row) {
  Route route{text_in(row, "id"),         {},
              text_in(row, "externalId"), object(row, "metadata"),
              number(row, "createdAt"),   text_in(row, "owner"),
              number(row, "expiresAt")};
  for (const json& each : member(row, "patterns")) {
    const json& target = member(each, "target");
    route.patterns.push_back(
        {text_in(each, "pattern"),
         {text_in(target, "machine"), text_in(target, "project"), text_in(target, "service"), small(target, "port")},
         object(each, "policy")});
  }
  return route;
}

Domain domain_of(const json& row) { return {text_in(row, "name"), text_in(row, "project"), number(row, "createdAt")}; }

Share share_of(const json& row, std::string sha256) {
  return {text_in(row, "id"),       text_in(row, "host"),    text_in(row, "path"), text_in(row, "machine"),
          small(row, "port"),       text_in(row, "project"), std::move(sha256),    text_in(row, "label"),
          number(row, "createdAt"), number(row, "expiresAt")};
}

AccessToken access_token_of(const json& row, std::string sha256) {
  return {text_in(row, "id"),    text_in(row, "role"),     std::move(sha256),
          text_in(row, "label"), number(row, "createdAt"), number(row, "expiresAt")};
}

JoinToken join_token_of(const json& row, std::string sha256) {
  return {text_in(row, "id"),      text_in(row, "project"),  std::move(sha256),       text_in(row, "label"),
          number(row, "usesLeft"), number(row, "createdAt"), number(row, "expiresAt")};
}

}  // namespace ingress::broker
