#include "broker/store/record_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "broker/model/machine_state.h"

namespace ingress::broker {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMaxObjectBytes = size_t{64} * 1024;

ordered_json object(std::string_view text) {
  if (text == "{}") return ordered_json::object();  // nearly always
  return ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// A label may be any bytes: what is not UTF-8 is replaced.
std::string written(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// Members that most rows leave as they are, and that rows of older brokers lack, stand there where they are set.
ordered_json with_expiry(ordered_json record, int64_t expires_at) {
  if (expires_at != 0) record["expiresAt"] = expires_at;
  return record;
}

ordered_json with_owner(ordered_json record, const std::string& owner) {
  if (!owner.empty()) record["owner"] = owner;
  return record;
}

// Routes come by the million: their text is put together without a tree. `name` is a member, with what stands before
// it.
void add_text(std::string& out, std::string_view name, const std::string& value) {
  out += name;
  const bool plain =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (plain) {
    out.append("\"").append(value).append("\"");
  } else {
    out += written(value);
  }
}

// Of an object, as its reader would write it again.
void add_object(std::string& out, std::string_view name, const std::string& value) {
  out += name;
  out += value == "{}" ? value : written(object(value));
}

void add_number(std::string& out, std::string_view name, int64_t value) {
  out += name;
  out += std::to_string(value);
}

void add_target(std::string& out, const RouteTarget& target) {
  const size_t begin = out.size();
  if (!target.machine.empty()) add_text(out, ",\"machine\":", target.machine);
  if (!target.project.empty()) add_text(out, ",\"project\":", target.project);
  if (!target.service.empty()) add_text(out, ",\"service\":", target.service);
  if (target.port != 0) add_number(out, ",\"port\":", target.port);
  if (out.size() > begin) out.erase(begin, 1);
}

}  // namespace

std::string json_of(const Machine& machine) {
  ordered_json record = {{"id", machine.id},
                         {"state", name_of(machine.state)},
                         {"defaultPort", machine.default_port},
                         {"metadata", object(machine.metadata)},
                         {"createdAt", machine.created_at}};
  record = with_owner(std::move(record), machine.owner);
  if (machine.policy != "{}") record["policy"] = object(machine.policy);
  return written(with_expiry(std::move(record), machine.expires_at));
}

std::string json_of(const Token& token) {
  return written(
      {{"id", token.id}, {"machine", token.machine}, {"label", token.label}, {"createdAt", token.created_at}});
}

std::string json_of(const Project& project) {
  ordered_json record = {
      {"slug", project.slug},           {"machine", project.machine},       {"defaultPort", project.default_port},
      {"suspended", project.suspended}, {"policy", object(project.policy)}, {"metadata", object(project.metadata)},
      {"createdAt", project.created_at}};
  if (project.limits != "{}") record["limits"] = object(project.limits);
  if (project.wildcard_certificate) record["wildcardCertificate"] = true;
  return written(record);
}

std::string json_of(const Service& service) {
  return written({{"project", service.project},
                  {"name", service.name},
                  {"port", service.port},
                  {"machine", service.machine},
                  {"policy", object(service.policy)}});
}

std::string json_of(const Route& route) {
  std::string out;
  add_text(out, "{\"id\":", route.id);
  out += ",\"patterns\":[";
  for (const RoutePattern& pattern : route.patterns) {
    if (&pattern != &route.patterns.front()) out += ',';
    add_text(out, "{\"pattern\":", pattern.shown());
    out += ",\"target\":{";
    add_target(out, pattern.target);
    add_object(out, "},\"policy\":", pattern.policy);
    out += '}';
  }
  add_text(out, "],\"externalId\":", route.external_id);
  add_object(out, ",\"metadata\":", route.metadata);
  add_number(out, ",\"createdAt\":", route.created_at);
  if (!route.owner.empty()) add_text(out, ",\"owner\":", route.owner);
  if (route.expires_at != 0) add_number(out, ",\"expiresAt\":", route.expires_at);
  return out + "}";
}

std::string json_of(const Domain& domain) {
  return written({{"name", domain.name}, {"project", domain.project}, {"createdAt", domain.created_at}});
}

std::string json_of(const Share& share) {
  ordered_json record = {{"id", share.id},           {"host", share.host},           {"path", share.path},
                         {"machine", share.machine}, {"port", share.port},           {"project", share.project},
                         {"label", share.label},     {"createdAt", share.created_at}};
  return written(with_expiry(std::move(record), share.expires_at));
}

std::string json_of(const AccessToken& token) {
  ordered_json record = {
      {"id", token.id}, {"role", token.role}, {"label", token.label}, {"createdAt", token.created_at}};
  return written(with_expiry(std::move(record), token.expires_at));
}

std::string json_of(const JoinToken& token) {
  ordered_json record = {{"id", token.id},
                         {"project", token.project},
                         {"label", token.label},
                         {"usesLeft", token.uses_left},
                         {"createdAt", token.created_at}};
  return written(with_expiry(std::move(record), token.expires_at));
}

std::string json_of_attachment(std::string_view machine) { return written({{"machine", machine}}); }

bool is_json_object(std::string_view text) { return text.size() <= kMaxObjectBytes && object(text).is_object(); }

}  // namespace ingress::broker
