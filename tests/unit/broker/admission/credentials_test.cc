#include "broker/admission/credentials.h"

#include <doctest/doctest.h>

#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

http::Fields authorization(std::string_view value) { return {{"authorization", value}}; }

TEST_CASE("credentials are what follows the scheme, whatever its case") {
  CHECK(credentials_of(authorization("bearer  abc "), "Bearer") == "abc");
  CHECK(credentials_of(authorization("Bearerabc"), "Bearer").empty());
  CHECK(credentials_of(authorization("Basic abc"), "Bearer").empty());
  CHECK(credentials_of({}, "Bearer").empty());
}

TEST_CASE("a cookie is found by its whole name") {
  const http::Fields fields = {{"Cookie", "a=1; bb=2"}, {"cookie", " session=x=y ; session=z"}};
  CHECK(cookie_of(fields, "session") == "x=y");
  CHECK(cookie_of(fields, "b").empty());
  CHECK(cookie_of(fields, "bb") == "2");
}

TEST_CASE("a name and its password let in, and nothing else does") {
  BasicAuth basic;
  basic.users.push_back({"alice", "salt", tls::sha256_hex("saltwon:der")});
  CHECK(lets_in(basic, authorization("Basic YWxpY2U6d29uOmRlcg==")));  // alice:won:der
  CHECK(lets_in(basic, authorization("Basic YWxpY2U6d29uOmRlcg")));
  CHECK_FALSE(lets_in(basic, authorization("Basic Ym9iOndvbjpkZXI=")));  // bob:won:der
  CHECK_FALSE(lets_in(basic, authorization("Basic YWxpY2U=")));
  CHECK_FALSE(lets_in(basic, authorization("Basic ****")));
  CHECK_FALSE(lets_in(basic, {}));
}

TEST_CASE("any of the tokens lets in") {
  BearerAuth bearer;
  bearer.sha256 = {tls::sha256_hex("one"), tls::sha256_hex("two")};
  CHECK(lets_in(bearer, authorization("Bearer one")));
  CHECK(lets_in(bearer, authorization("Bearer two")));
  CHECK_FALSE(lets_in(bearer, authorization("Bearer three")));
  CHECK_FALSE(lets_in(bearer, authorization("Bearer ")));
}

}  // namespace
}  // namespace ingress::broker
