// Tokens of RFC 7515's appendix, and some that are not.
#include "broker/admission/jwt_check.h"

#include <doctest/doctest.h>

#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

// RFC 7515, A.1: HS256.
constexpr const char* kRfcKey =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
constexpr const char* kRfcToken =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
    "NvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr int64_t kBefore = 1300819300;
// RFC 7515, A.3: ES256, a public key.
constexpr const char* kEcSet =
    R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"ec"}]})";
constexpr const char* kEcToken =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"
    "lfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

JwtAuth wanted(const std::string& algorithm) {
  JwtAuth jwt;
  jwt.algorithms = {algorithm};
  return jwt;
}

std::string_view no_capture(std::string_view) { return {}; }

bool good(const JwtAuth& jwt, const KeySet& keys, std::string_view token, int64_t now = kBefore) {
  return check_jwt(jwt, keys, token, now, no_capture).good;
}

TEST_CASE("the RFC's own tokens are good, and no byte of them may be another") {
  const auto secret = KeySet::of_secret(*tls::from_base64(kRfcKey));
  REQUIRE(secret != nullptr);
  CHECK(good(wanted("HS256"), *secret, kRfcToken));
  const auto set = KeySet::of_jwks(kEcSet);
  REQUIRE(set != nullptr);
  CHECK(good(wanted("ES256"), *set, kEcToken));
  const std::string token = kEcToken;
  for (size_t i = 0; i < token.size(); i += 7) {
    std::string other = token;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK_FALSE(good(wanted("ES256"), *set, other));
  }
  for (size_t i = 0; i < token.size(); i += 5) CHECK_FALSE(good(wanted("ES256"), *set, token.substr(0, i)));
}

TEST_CASE("a token is held against its algorithm, its time, its issuer and its claims") {
  const auto secret = KeySet::of_secret(*tls::from_base64(kRfcKey));
  CHECK_FALSE(good(wanted("HS384"), *secret, kRfcToken));
  CHECK(good(wanted("HS256"), *secret, kRfcToken, 1300819380 + 59));
  CHECK_FALSE(good(wanted("HS256"), *secret, kRfcToken, 1300819380 + 60));
  JwtAuth jwt = wanted("HS256");
  jwt.issuer = "joe";
  CHECK(good(jwt, *secret, kRfcToken));
  jwt.issuer = "jane";
  CHECK_FALSE(good(jwt, *secret, kRfcToken));
  jwt = wanted("HS256");
  jwt.claims = {{"http://example.com/is_root", {"true"}}};
  CHECK(good(jwt, *secret, kRfcToken));
  jwt.claims = {{"iss", {"{user}", "x"}}};
  CHECK_FALSE(good(jwt, *secret, kRfcToken));
  CHECK(check_jwt(jwt, *secret, kRfcToken, kBefore, [](std::string_view) { return std::string_view("joe"); }).good);
  jwt.claims = {{"missing", {""}}};
  CHECK_FALSE(good(jwt, *secret, kRfcToken));
}

TEST_CASE("a set that is nested without end is no set") {
  const std::string deep = std::string(130'000, '[') + std::string(130'000, ']');
  CHECK(KeySet::of_jwks(R"({"keys":[{"kty":"RSA","x":)" + deep + "}]}") == nullptr);
  CHECK(KeySet::of_jwks(deep) == nullptr);
}

TEST_CASE("keys that are no public ones are left out of a set") {
  CHECK(KeySet::of_jwks("no") == nullptr);
  CHECK(KeySet::of_jwks("{}") == nullptr);
  const auto set = KeySet::of_jwks(R"({"keys":[{"kty":"oct","k":")" + std::string(kRfcKey) + R"("},{"kty":"EC"},7]})");
  REQUIRE(set != nullptr);
  CHECK_FALSE(good(wanted("HS256"), *set, kRfcToken));
}

}  // namespace
}  // namespace ingress::broker
