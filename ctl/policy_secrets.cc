#include "ctl/policy_secrets.h"

#include <string>
#include <string_view>
#include <utility>

#include "common/tls/digest.h"

namespace ingress::ctl {
namespace {

constexpr std::string_view kHash = "sha256:";

// A member, null where there is none.
const Json* member(const Json* object, const std::string& name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}
Json* member(Json& object, const std::string& name) { return const_cast<Json*>(member(&std::as_const(object), name)); }
const Json* at(const Json* list, size_t index) {
  return list != nullptr && list->is_array() && index < list->size() ? &(*list)[index] : nullptr;
}

// Calls visit(secret, kept) for each string that is a password or a token; `kept` is what stands there in the other
// policy, null where nothing does.
template <class Visit>
void each_secret_of_way(Json& way, const Json* kept, const Visit& visit) {
  if (Json* basic = member(way, "basic")) {
    const Json* const kept_users = member(member(kept, "basic"), "users");
    Json* const users = basic->is_object() ? member(*basic, "users") : nullptr;
    if (users != nullptr && users->is_object()) {
      for (auto& [name, value] : users->items()) visit(value, member(kept_users, name));
    }
  }
  Json* const bearer = member(way, "bearer");
  Json* const tokens = bearer == nullptr ? nullptr : member(*bearer, "tokens");
  if (tokens == nullptr) return;
  const Json* const kept_tokens = member(member(kept, "bearer"), "tokens");
  if (!tokens->is_array()) return visit(*tokens, kept_tokens);
  for (size_t i = 0; i < tokens->size(); ++i) visit((*tokens)[i], at(kept_tokens, i));
}

template <class Visit>
void each_secret(Json& policy, const Json& kept, const Visit& visit) {
  Json* const auth = member(policy, "auth");
  if (auth == nullptr) return;
  const Json* const kept_auth = member(&kept, "auth");
  if (!auth->is_array()) return each_secret_of_way(*auth, kept_auth, visit);
  for (size_t i = 0; i < auth->size(); ++i) each_secret_of_way((*auth)[i], at(kept_auth, i), visit);
}

bool is_hash_of(std::string_view hash, const std::string& secret) {
  if (!hash.starts_with(kHash)) return false;
  hash.remove_prefix(kHash.size());
  const size_t colon = hash.find(':');
  if (colon == std::string_view::npos) return hash == tls::sha256_hex(secret);
  return hash.substr(colon + 1) == tls::sha256_hex(std::string(hash.substr(0, colon)) + secret);
}

}  // namespace

Json hidden_secrets(Json policy) {
  each_secret(policy, Json(), [](Json& secret, const Json*) {
    if (secret.is_string()) secret = "(hidden)";
  });
  return policy;
}

Json with_kept_hashes(Json policy, const Json& kept) {
  each_secret(policy, kept, [](Json& secret, const Json* there) {
    if (there == nullptr || !there->is_string() || !secret.is_string()) return;
    const auto hash = there->get<std::string>();
    if (is_hash_of(hash, secret.get<std::string>())) secret = hash;
  });
  return policy;
}

}  // namespace ingress::ctl
