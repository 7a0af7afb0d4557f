// Who may come in: the values of the policy key `auth`. Plain values, read once when a row is loaded; secrets stand in
// them as hashes alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/http/web_url.h"

namespace ingress::broker {

// The ways that need nothing said beside them.
enum class Auth : uint8_t { kPublic, kDeny, kShare };

// RFC 7617. A password's hash is SHA-256 over salt and password.
struct BasicAuth {
  struct User {
    std::string name;
    std::string salt;
    std::string sha256;  // hex
  };
  std::vector<User> users;
  std::string realm = "ingress";
  bool pass = false;  // Authorization goes on to the origin
};

// RFC 6750: tokens with enough random bits for a fast hash.
struct BearerAuth {
  std::vector<std::string> sha256;  // hex
  bool pass = false;
};

// RFC 7519, in Authorization: Bearer or in a cookie.
struct JwtAuth {
  // One of jwks (a set, RFC 7517), jwks_url and secret (a file's name under --secrets-dir) holds the keys.
  std::string jwks;
  std::shared_ptr<const http::WebUrl> jwks_url;
  std::string secret;
  std::vector<std::string> algorithms;  // those that a token may name, never "none"
  std::string issuer;                   // "" for any
  std::vector<std::string> audiences;   // one of them; none for any
  // Claim → what it must be, or hold where it is a list; values may have captures. One of the values.
  std::vector<std::pair<std::string, std::vector<std::string>>> claims;
  // Claim → header field that tells the origin.
  std::vector<std::pair<std::string, std::string>> claim_headers;
  std::string cookie;  // "" for none
  bool pass = true;
};

// A sub-request decides, as with nginx's auth_request: 2xx lets in, 401 and 403 and redirects are passed on.
struct ForwardAuth {
  std::shared_ptr<const http::WebUrl> url;
  std::vector<std::string> response_headers;  // of the answer, that go on to the origin; lower case
};

using AuthWay = std::variant<Auth, BasicAuth, BearerAuth, JwtAuth, ForwardAuth>;

// Any one of the ways lets a request in.
struct AuthRule {
  std::vector<AuthWay> ways;

  bool is(Auth word) const {
    return ways.size() == 1 && std::holds_alternative<Auth>(ways.front()) && std::get<Auth>(ways.front()) == word;
  }
  bool has(Auth word) const {
    for (const AuthWay& way : ways) {
      if (const Auth* each = std::get_if<Auth>(&way); each != nullptr && *each == word) return true;
    }
    return false;
  }
  // "public", "share or basic": for people.
  std::string words() const;

  static AuthRule of(Auth word) { return {{word}}; }
};

}  // namespace ingress::broker
