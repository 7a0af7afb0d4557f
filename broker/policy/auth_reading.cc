#include <algorithm>
#include <array>

#include "broker/model/sha256_text.h"
#include "broker/policy/policy_reading.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

constexpr std::string_view kKnownWays =
    "public, deny, share, {\"basic\": …}, {\"bearer\": …}, {\"jwt\": …} or {\"forward\": …}";

Status read_text(const KeyReading& in, std::string& out) {
  Status status;
  const std::string* word = in.word(status);
  if (word != nullptr) out = *word;
  return status;
}

Status read_flag(const KeyReading& in, bool& out) {
  if (!in.value.is_boolean()) return in.refuse("is true or false");
  out = in.value.get<bool>();
  return {};
}

// A string is a list of one.
Status read_one_or_more(const KeyReading& in, std::vector<std::string>& out) {
  if (in.value.is_array()) return read_words(in, out);
  std::string one;
  if (Status read = read_text(in, one); !read) return read;
  out.push_back(std::move(one));
  return {};
}

Status read_url(const KeyReading& in, std::shared_ptr<const http::WebUrl>& out) {
  Status status;
  const std::string* word = in.word(status);
  if (word == nullptr) return status;
  Result<http::WebUrl> url = http::parse_web_url(*word);
  if (!url) return in.refuse("is a URL, http or https: " + std::string(url.error().context));
  out = std::make_shared<const http::WebUrl>(std::move(*url));
  return {};
}

// Calls `read` for each member of an object.
template <class Read>
Status each_member(const KeyReading& in, Read read) {
  if (!in.value.is_object()) return in.refuse("is an object");
  for (const auto& [name, value] : in.value.items()) {
    const Status done =
        in.member(name, value, [&read, &name = name](const KeyReading& inner) { return read(name, inner); });
    if (!done) return done;
  }
  return {};
}

Status unknown(const KeyReading& in, std::string_view known) {
  return in.refuse("is not known: it is one of " + std::string(known));
}

Status read_users(const KeyReading& in, std::vector<BasicAuth::User>& users) {
  return each_member(in, [&users](const std::string& name, const KeyReading& inner) -> Status {
    std::string hash;
    if (Status read = read_text(inner, hash); !read) return read;
    const std::string_view rest =
        hash.starts_with(kHashScheme) ? std::string_view(hash).substr(kHashScheme.size()) : "";
    const size_t colon = rest.find(':');
    if (name.empty() || name.find(':') != std::string::npos || colon == std::string_view::npos ||
        !is_sha256_text(rest.substr(colon + 1))) {
      return inner.refuse("is no user with a hash, sha256:SALT:HEX");
    }
    users.push_back({name, std::string(rest.substr(0, colon)), std::string(rest.substr(colon + 1))});
    return {};
  });
}

Status read_basic(const KeyReading& in, AuthRule& rule) {
  BasicAuth basic;
  const Status read = each_member(in, [&basic](const std::string& name, const KeyReading& inner) -> Status {
    if (name == "users") return read_users(inner, basic.users);
    if (name == "realm") return read_text(inner, basic.realm);
    if (name == "pass") return read_flag(inner, basic.pass);
    return unknown(inner, "users, realm, pass");
  });
  if (!read) return read;
  if (basic.users.empty()) return in.refuse("needs users, as {\"users\": {\"alice\": \"PASSWORD\"}}");
  if (basic.realm.find_first_of("\"\\") != std::string::npos || !good_header_value(basic.realm)) {
    return in.refuse("has a realm that cannot stand in a field");
  }
  rule.ways.emplace_back(std::move(basic));
  return {};
}

Status read_bearer(const KeyReading& in, AuthRule& rule) {
  BearerAuth bearer;
  const Status read = each_member(in, [&bearer](const std::string& name, const KeyReading& inner) -> Status {
    if (name == "pass") return read_flag(inner, bearer.pass);
    if (name != "tokens") return unknown(inner, "tokens, pass");
    std::vector<std::string> hashes;
    if (Status words = read_one_or_more(inner, hashes); !words) return words;
    for (std::string& hash : hashes) {
      if (!hash.starts_with(kHashScheme) || !is_sha256_text(std::string_view(hash).substr(kHashScheme.size()))) {
        return inner.refuse("is a list of hashes, sha256:HEX");
      }
      bearer.sha256.push_back(hash.substr(kHashScheme.size()));
    }
    return {};
  });
  if (!read) return read;
  if (bearer.sha256.empty()) return in.refuse("needs tokens, as {\"tokens\": [\"TOKEN\"]}");
  rule.ways.emplace_back(std::move(bearer));
  return {};
}

// A shared key could be read by whoever reads the policy.
bool is_public_key(const json& key) {
  if (!key.is_object()) return false;
  const auto type = key.find("kty");
  return type == key.end() || (type->is_string() && *type != "oct");
}

Status read_jwks(const KeyReading& in, JwtAuth& jwt) {
  if (!in.value.is_object() || !in.value.contains("keys")) return in.refuse("is a set of keys, {\"keys\": [...]}");
  for (const json& key : in.value["keys"]) {
    if (!is_public_key(key)) {
      return in.refuse("holds public keys alone; a shared one is a file, named by \"secret\"");
    }
  }
  jwt.jwks = in.value.dump();
  return {};
}

Status read_claims(const KeyReading& in, JwtAuth& jwt) {
  return each_member(in, [&jwt](const std::string& name, const KeyReading& inner) -> Status {
    std::vector<std::string> values;
    if (Status read = read_one_or_more(inner, values); !read) return read;
    jwt.claims.emplace_back(name, std::move(values));
    return {};
  });
}

Status read_claim_headers(const KeyReading& in, JwtAuth& jwt) {
  return each_member(in, [&jwt](const std::string& name, const KeyReading& inner) -> Status {
    std::string field;
    if (Status read = read_text(inner, field); !read) return read;
    if (!may_edit_field(field)) return inner.refuse("names a field that no policy may set");
    jwt.claim_headers.emplace_back(name, std::move(field));
    return {};
  });
}

constexpr auto kAlgorithms = std::to_array<std::string_view>(
    {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"});

Status check_jwt(const KeyReading& in, JwtAuth& jwt) {
  const int sources = int{!jwt.jwks.empty()} + int{jwt.jwks_url != nullptr} + int{!jwt.secret.empty()};
  if (sources != 1) return in.refuse("needs its keys, one of: jwks, jwks_url, secret");
  const bool shared = !jwt.secret.empty();
  if (jwt.algorithms.empty())
    jwt.algorithms = shared ? std::vector<std::string>{"HS256"} : std::vector<std::string>{"RS256", "ES256"};
  for (const std::string& algorithm : jwt.algorithms) {
    const bool known = std::find(kAlgorithms.begin(), kAlgorithms.end(), algorithm) != kAlgorithms.end();
    // A public key taken for a shared one would let anybody sign.
    if (!known || algorithm.starts_with("HS") != shared) {
      return in.refuse("cannot have the algorithm \"" + algorithm + "\" with such keys");
    }
  }
  if (jwt.secret.find('/') != std::string::npos || jwt.secret.starts_with('.')) {
    return in.refuse("names its secret by a file's name under --secrets-dir");
  }
  return {};
}

Status read_jwt_member(const std::string& name, const KeyReading& in, JwtAuth& jwt) {
  if (name == "jwks") return read_jwks(in, jwt);
  if (name == "jwks_url") return read_url(in, jwt.jwks_url);
  if (name == "secret") return read_text(in, jwt.secret);
  if (name == "algorithms") return read_one_or_more(in, jwt.algorithms);
  if (name == "issuer") return read_text(in, jwt.issuer);
  if (name == "audience") return read_one_or_more(in, jwt.audiences);
  if (name == "claims") return read_claims(in, jwt);
  if (name == "claim_headers") return read_claim_headers(in, jwt);
  if (name == "cookie") return read_text(in, jwt.cookie);
  if (name == "pass") return read_flag(in, jwt.pass);
  return unknown(in, "jwks, jwks_url, secret, algorithms, issuer, audience, claims, claim_headers, cookie, pass");
}

Status read_jwt(const KeyReading& in, AuthRule& rule) {
  JwtAuth jwt;
  const Status read = each_member(
      in, [&jwt](const std::string& name, const KeyReading& inner) { return read_jwt_member(name, inner, jwt); });
  if (!read) return read;
  if (Status good = check_jwt(in, jwt); !good) return good;
  rule.ways.emplace_back(std::move(jwt));
  return {};
}

Status read_forward(const KeyReading& in, AuthRule& rule) {
  ForwardAuth forward;
  const Status read = each_member(in, [&forward](const std::string& name, const KeyReading& inner) -> Status {
    if (name == "url") return read_url(inner, forward.url);
    if (name != "response_headers") return unknown(inner, "url, response_headers");
    if (Status words = read_one_or_more(inner, forward.response_headers); !words) return words;
    for (std::string& field : forward.response_headers) {
      if (!may_edit_field(field)) return inner.refuse("names a field that no policy may set: \"" + field + "\"");
      std::transform(field.begin(), field.end(), field.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    }
    return {};
  });
  if (!read) return read;
  if (!forward.url) return in.refuse("needs a url");
  rule.ways.emplace_back(std::move(forward));
  return {};
}

Status read_way(const KeyReading& in, AuthRule& rule) {
  if (in.value.is_string()) {
    const auto& word = in.value.get_ref<const std::string&>();
    for (const auto& [name, way] :
         {std::pair("public", Auth::kPublic), std::pair("deny", Auth::kDeny), std::pair("share", Auth::kShare)}) {
      if (word != name) continue;
      rule.ways.emplace_back(way);
      return {};
    }
    return in.refuse_word(word, kKnownWays);
  }
  if (!in.value.is_object() || in.value.size() != 1)
    return in.refuse("is one of " + std::string(kKnownWays) + ", or a list of them");
  const auto way = in.value.begin();
  const std::string& name = way.key();
  return in.member(name, way.value(), [&rule, &name](const KeyReading& inner) {
    if (name == "basic") return read_basic(inner, rule);
    if (name == "bearer") return read_bearer(inner, rule);
    if (name == "jwt") return read_jwt(inner, rule);
    if (name == "forward") return read_forward(inner, rule);
    return unknown(inner, kKnownWays);
  });
}

}  // namespace

Status read_auth(const KeyReading& in, AuthRule& rule) {
  constexpr size_t kMostWays = 8;
  if (!in.value.is_array()) return read_way(in, rule);
  if (in.value.empty() || in.value.size() > kMostWays) return in.refuse("as a list has 1 to 8 ways to come in");
  for (const json& each : in.value) {
    if (Status read = read_way({in.key, each, in.problem}, rule); !read) return read;
  }
  return {};
}

std::string AuthRule::words() const {
  constexpr std::array kWords = {"public", "deny", "share"};
  constexpr std::array kKinds = {"", "basic", "bearer", "jwt", "forward"};
  std::string text;
  for (const AuthWay& way : ways) {
    const Auth* word = std::get_if<Auth>(&way);
    text += text.empty() ? "" : " or ";
    text += word != nullptr ? kWords[static_cast<size_t>(*word)] : kKinds[way.index()];
  }
  return text;
}

}  // namespace ingress::broker
