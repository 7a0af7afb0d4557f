// JSON Web Tokens (RFC 7519) held against what a policy wants of them. Signatures are checked by cjose. Pure; the time
// and the keys are passed in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/admission/terms.h"
#include "broker/policy/auth_rule.h"

namespace ingress::broker {

// Keys that signatures are checked with; immutable.
class KeySet {
 public:
  ~KeySet();
  KeySet(const KeySet&) = delete;
  KeySet& operator=(const KeySet&) = delete;

  // Of a JSON Web Key Set (RFC 7517); keys that cannot be used are left out, symmetric ones always. Null where the text
  // is no set.
  static std::shared_ptr<const KeySet> of_jwks(std::string_view json);
  static std::shared_ptr<const KeySet> of_secret(std::string_view secret);

  // Whether one of the keys verifies the token; with a `kid`, those of that name alone, where there are any.
  bool verifies(const std::string& token, std::string_view kid) const;

 private:
  struct Key;
  KeySet();
  std::vector<Key> keys_;
};

struct JwtVerdict {
  bool good = false;
  const char* problem = "";  // static; for the challenge
  FieldList fields;          // that tell the origin
};

// `capture` gives the value of a capture in a claim's wanted value.
JwtVerdict check_jwt(const JwtAuth& wanted, const KeySet& keys, std::string_view token, int64_t now,
                     const std::function<std::string_view(std::string_view name)>& capture);

}  // namespace ingress::broker
