#include <nlohmann/json.hpp>

#include "broker/policy/policy.h"
#include "common/base/hex.h"
#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view kHash = "sha256:";
constexpr size_t kSaltBytes = 16;

// What looks like a hash is one already: it is kept.
bool is_hash(const json& value) { return value.get_ref<const std::string&>().starts_with(kHash); }

void hide_password(json& value) {
  if (!value.is_string() || is_hash(value)) return;
  const std::string salt = to_hex(tls::random_bytes(kSaltBytes));
  value = std::string(kHash) + salt + ":" + tls::sha256_hex(salt + value.get<std::string>());
}

void hide_token(json& value) {
  if (!value.is_string() || is_hash(value)) return;
  value = std::string(kHash) + tls::sha256_hex(value.get<std::string>());
}

json* member(json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

void hide_in_way(json& way) {
  if (json* basic = member(way, "basic")) {
    json* const users = member(*basic, "users");
    if (users != nullptr && users->is_object()) {
      for (auto& [name, value] : users->items()) hide_password(value);
    }
  }
  if (json* bearer = member(way, "bearer")) {
    json* const tokens = member(*bearer, "tokens");
    if (tokens != nullptr && tokens->is_array()) {
      for (json& value : *tokens) hide_token(value);
    } else if (tokens != nullptr) {
      hide_token(*tokens);
    }
  }
}

void hide_in_ways(json& auth) {
  if (!auth.is_array()) return hide_in_way(auth);
  for (json& way : auth) hide_in_way(way);
}

}  // namespace

std::string with_auth(std::string_view policy, std::string_view auth) {
  json object = json::parse(policy, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::string(policy);
  const json value = json::parse(auth, nullptr, /*allow_exceptions=*/false);
  object["auth"] = value.is_discarded() ? json(auth) : value;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string auth_without_secrets(std::string_view text) {
  json auth = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (auth.is_discarded()) return std::string(text);
  hide_in_ways(auth);
  return auth.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string without_secrets(std::string_view text) {
  if (text.find("basic") == std::string_view::npos && text.find("bearer") == std::string_view::npos) {
    return std::string(text);
  }
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  json* const auth = member(object, "auth");
  if (auth == nullptr) return std::string(text);
  hide_in_ways(*auth);
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace ingress::broker
