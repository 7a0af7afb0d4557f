#include <nlohmann/json.hpp>

#include "broker/policy/policy_reading.h"
#include "common/base/hex.h"
#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

using nlohmann::ordered_json;

constexpr size_t kSaltBytes = 16;

// What looks like a hash is one already: it is kept.
bool is_hash(const ordered_json& value) { return value.get_ref<const std::string&>().starts_with(kHashScheme); }

void hide_password(ordered_json& value) {
  if (!value.is_string() || is_hash(value)) return;
  const std::string salt = to_hex(tls::random_bytes(kSaltBytes));
  value = std::string(kHashScheme) + salt + ":" + tls::sha256_hex(salt + value.get<std::string>());
}

void hide_token(ordered_json& value) {
  if (!value.is_string() || is_hash(value)) return;
  value = std::string(kHashScheme) + tls::sha256_hex(value.get<std::string>());
}

ordered_json* member(ordered_json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

void hide_in_way(ordered_json& way) {
  if (ordered_json* basic = member(way, "basic")) {
    ordered_json* const users = member(*basic, "users");
    if (users != nullptr && users->is_object()) {
      for (auto& [name, value] : users->items()) hide_password(value);
    }
  }
  if (ordered_json* bearer = member(way, "bearer")) {
    ordered_json* const tokens = member(*bearer, "tokens");
    if (tokens != nullptr && tokens->is_array()) {
      for (ordered_json& value : *tokens) hide_token(value);
    } else if (tokens != nullptr) {
      hide_token(*tokens);
    }
  }
}

void hide_in_ways(ordered_json& auth) {
  if (!auth.is_array()) return hide_in_way(auth);
  for (ordered_json& way : auth) hide_in_way(way);
}

}  // namespace

std::string with_auth(std::string_view policy, std::string_view auth) {
  ordered_json object = ordered_json::parse(policy, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::string(policy);
  const ordered_json value = ordered_json::parse(auth, nullptr, /*allow_exceptions=*/false);
  object["auth"] = value.is_discarded() ? ordered_json(auth) : value;
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string auth_without_secrets(std::string_view text) {
  ordered_json auth = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (auth.is_discarded()) return std::string(text);
  hide_in_ways(auth);
  return auth.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string without_secrets(std::string_view text) {
  if (text.find("basic") == std::string_view::npos && text.find("bearer") == std::string_view::npos) {
    return std::string(text);
  }
  ordered_json object = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  ordered_json* const auth = member(object, "auth");
  if (auth == nullptr) return std::string(text);
  hide_in_ways(*auth);
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace ingress::broker
