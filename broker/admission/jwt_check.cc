#include "broker/admission/jwt_check.h"

#include <cjose/cjose.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "broker/model/target_template.h"
#include "broker/policy/header_edits.h"
#include "common/base/shallow_json.h"
#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

constexpr int kMostDepth = 64;

json parsed(std::string_view text) { return shallow_json<json>(text, kMostDepth); }

constexpr size_t kMostTokenBytes = size_t{16} * 1024;
// Clocks of different machines.
constexpr int64_t kLeewaySeconds = 60;

struct ReleaseKey {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
struct ReleaseToken {
  void operator()(cjose_jws_t* token) const { cjose_jws_release(token); }
};

JwtVerdict bad(const char* problem) { return {false, problem, {}}; }

// A time claim (RFC 7519, 2: NumericDate); false where it is there and is none.
bool read_time(const json& claims, const char* name, std::optional<double>& out) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  if (!found->is_number()) return false;
  out = found->get<double>();
  return std::isfinite(*out);
}

const char* check_times(const json& claims, int64_t now) {
  std::optional<double> expires;
  std::optional<double> begins;
  if (!read_time(claims, "exp", expires) || !read_time(claims, "nbf", begins)) return "a time in it is none";
  const auto at = static_cast<double>(now);
  if (expires && at >= *expires + kLeewaySeconds) return "it has expired";
  if (begins && at < *begins - kLeewaySeconds) return "it does not hold yet";
  return nullptr;
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// The claim is one of the values, or a list that has one of them.
bool claim_fits(const json& claim, const std::vector<std::string>& values) {
  const auto fits = [&values](const json& each) {
    return !each.is_null() && std::find(values.begin(), values.end(), text_of(each)) != values.end();
  };
  return claim.is_array() ? std::any_of(claim.begin(), claim.end(), fits) : fits(claim);
}

// A claim by its name, or by a path of names ("realm_access.roles").
const json* find_claim(const json& claims, std::string_view name) {
  if (const auto whole = claims.find(name); whole != claims.end()) return &*whole;
  const json* at = &claims;
  while (!name.empty()) {
    const size_t point = name.find('.');
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name.substr(0, point));
    if (found == at->end()) return nullptr;
    at = &*found;
    name.remove_prefix(point == std::string_view::npos ? name.size() : point + 1);
  }
  return at;
}

const char* check_claims(const JwtAuth& wanted, const json& claims,
                         const std::function<std::string_view(std::string_view name)>& capture) {
  if (!wanted.issuer.empty() && claims.value("iss", json()) != json(wanted.issuer)) return "it is of another issuer";
  const json* audience = find_claim(claims, "aud");
  if (!wanted.audiences.empty() && (audience == nullptr || !claim_fits(*audience, wanted.audiences))) {
    return "it is for another audience";
  }
  for (const auto& [name, texts] : wanted.claims) {
    const json* claim = find_claim(claims, name);
    std::vector<std::string> values;
    for (const std::string& text : texts) {
      std::string value;
      expand(text, capture, value);
      // A capture that is empty is no capture of this route.
      if (!value.empty()) values.push_back(std::move(value));
    }
    if (claim == nullptr || !claim_fits(*claim, values)) return "a claim of it is not as the policy wants it";
  }
  return nullptr;
}

FieldList fields_of(const JwtAuth& wanted, const json& claims) {
  FieldList fields;
  for (const auto& [name, field] : wanted.claim_headers) {
    const json* claim = find_claim(claims, name);
    std::string value = claim == nullptr ? std::string() : text_of(*claim);
    // Braces would be taken for variables; control bytes for the end of the field.
    const bool clear = std::all_of(value.begin(), value.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte >= 0x20 && byte != 0x7f;
    });
    fields.emplace_back(field, clear ? value : std::string());
  }
  return fields;
}

}  // namespace

struct KeySet::Key {
  std::unique_ptr<cjose_jwk_t, ReleaseKey> jwk;
  std::string id;
};

KeySet::KeySet() = default;
KeySet::~KeySet() = default;

std::shared_ptr<const KeySet> KeySet::of_jwks(std::string_view text) {
  const json set = parsed(text);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array()) return nullptr;
  std::shared_ptr<KeySet> keys(new KeySet);
  for (const json& each : set["keys"]) {
    if (!each.is_object() || each.value("kty", json()) == json("oct") ||
        each.value("use", json("sig")) != json("sig")) {
      continue;
    }
    const std::string one = each.dump();
    cjose_jwk_t* jwk = cjose_jwk_import(one.data(), one.size(), nullptr);
    if (jwk == nullptr) continue;
    const json id = each.value("kid", json());
    keys->keys_.push_back({std::unique_ptr<cjose_jwk_t, ReleaseKey>(jwk), id.is_string() ? id.get<std::string>() : ""});
  }
  return keys;
}

std::shared_ptr<const KeySet> KeySet::of_secret(std::string_view secret) {
  cjose_jwk_t* jwk = cjose_jwk_create_oct_spec(reinterpret_cast<const uint8_t*>(secret.data()), secret.size(), nullptr);
  if (jwk == nullptr) return nullptr;
  std::shared_ptr<KeySet> keys(new KeySet);
  keys->keys_.push_back({std::unique_ptr<cjose_jwk_t, ReleaseKey>(jwk), ""});
  return keys;
}

bool KeySet::verifies(const std::string& token, std::string_view kid) const {
  const bool named =
      !kid.empty() && std::any_of(keys_.begin(), keys_.end(), [kid](const Key& key) { return key.id == kid; });
  return std::any_of(keys_.begin(), keys_.end(), [&token, kid, named](const Key& key) {
    if (named && key.id != kid) return false;
    const std::unique_ptr<cjose_jws_t, ReleaseToken> jws(cjose_jws_import(token.data(), token.size(), nullptr));
    return jws != nullptr && cjose_jws_verify(jws.get(), key.jwk.get(), nullptr);
  });
}

JwtVerdict check_jwt(const JwtAuth& wanted, const KeySet& keys, std::string_view token, int64_t now,
                     const std::function<std::string_view(std::string_view name)>& capture) {
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.size() > kMostTokenBytes) return bad("it is no token");
  const auto head_text = tls::from_base64(token.substr(0, first));
  const json head = parsed(head_text.value_or(""));
  if (!head.is_object() || head.contains("crit")) return bad("it is no token that can be read");
  const json algorithm = head.value("alg", json());
  const auto& known = wanted.algorithms;
  if (!algorithm.is_string() || std::find(known.begin(), known.end(), algorithm.get<std::string>()) == known.end()) {
    return bad("its algorithm is not one that the policy takes");
  }
  const json kid = head.value("kid", json());
  if (!keys.verifies(std::string(token), kid.is_string() ? kid.get<std::string>() : "")) {
    return bad("its signature is not good");
  }
  const auto claims_text = tls::from_base64(token.substr(first + 1, second - first - 1));
  const json claims = parsed(claims_text.value_or(""));
  if (!claims.is_object()) return bad("it has no claims");
  if (const char* problem = check_times(claims, now)) return bad(problem);
  if (const char* problem = check_claims(wanted, claims, capture)) return bad(problem);
  return {true, "", fields_of(wanted, claims)};
}

}  // namespace ingress::broker
