#include "broker/observe/head_text.h"

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace ingress::broker {
namespace {

std::string shown(std::string_view name, std::string_view value) { return shown_value({name, value}); }

TEST_CASE("what lets somebody in is left out, by the field's name") {
  CHECK(shown("Authorization", "Bearer abc") == "Bearer [redacted]");
  CHECK(shown("proxy-authorization", "abc") == "[redacted]");
  for (const char* name : {"X-Api-Key", "x-auth-token", "X-Iterate-Project-Ingress-Secret", "X-CSRFToken",
                           "X-Amz-Security-Token", "X-Session-Id", "DPoP", "X-Hub-Signature-256"}) {
    CHECK_MESSAGE(shown(name, "abc") == "[redacted]", name);
  }
  for (const char* name : {"Host", "Accept", "X-Design", "Sec-WebSocket-Key", "Idempotency-Key", "ETag"}) {
    CHECK_MESSAGE(shown(name, "abc") == "abc", name);
  }
}

TEST_CASE("cookies keep their names and attributes") {
  CHECK(shown("Cookie", "a=1; b=2;c") == "a=[redacted]; b=[redacted];[redacted]");
  CHECK(shown("Set-Cookie", "a=1; Path=/; Max-Age=3") == "a=[redacted]; Path=/; Max-Age=3");
  CHECK(shown("Set-Cookie", "a") == "[redacted]");
  CHECK(shown("Cookie", "") == "[redacted]");
}

TEST_CASE("secrets of URLs are left out wherever one stands") {
  CHECK(without_secrets_of_urls("/a?x=1&token=t&y=2#id_token=z") == "/a?x=1&token=[redacted]&y=2#id_token=[redacted]");
  CHECK(without_secrets_of_urls("/a?__share=sh_1.secret") == "/a?__share=[redacted]");
  CHECK(without_secrets_of_urls("https://u:p@h/x?code=1") == "https://[redacted]@h/x?code=[redacted]");
  CHECK(without_secrets_of_urls("https://h/@x?a=b@c") == "https://h/@x?a=b@c");
  CHECK(shown("Link", "<https://h/?sig=1>; rel=next, </b?key=2>") ==
        "<https://h/?sig=[redacted]>; rel=next, </b?key=[redacted]>");
  for (const char* plain : {"", "/", "/a?b", "/a?=x", "?", "a;b=c", "/a?design=1&monkey=2&codes=3", "://"}) {
    CHECK(without_secrets_of_urls(plain) == plain);
  }
  CHECK(shown("Sec-WebSocket-Protocol", "v4.channel.k8s.io, base64url.Bearer.authorization.k8s.io.abc") ==
        "[redacted]");
}

TEST_CASE("a secret is found behind whatever marks come before it, and plain names stay") {
  CHECK(without_secrets_of_urls("/a??code=1") == "/a??code=[redacted]");
  CHECK(without_secrets_of_urls("/a?long-name?sig=1&x=2?key=3") == "/a?long-name?sig=[redacted]&x=2?key=[redacted]");
  CHECK(without_secrets_of_urls("/a?x?my-token=1;y?z=2#a?b=c&otp=3") ==
        "/a?x?my-token=[redacted];y?z=2#a?b=c&otp=[redacted]");
  CHECK(without_secrets_of_urls("/?u=https://a:b@h/?pwd=1&v=://c@d") ==
        "/?u=https://[redacted]@h/?pwd=[redacted]&v=://[redacted]@d");
  CHECK(without_secrets_of_urls("?=&?x&==?sid=") == "?=&?x&==?sid=[redacted]");
}

// What looks ahead, or back, from each of these bytes anew takes minutes for a text of this size.
TEST_CASE("a text of marks alone takes no longer than another") {
  constexpr size_t kBytes = size_t{1} << 20;
  const auto repeated = [](std::string_view piece) {
    std::string text;
    while (text.size() < kBytes) text += piece;
    return text;
  };
  const auto begun = std::chrono::steady_clock::now();
  for (const char* piece : {"?", "://", "?a", "a&b=", "https://a?"}) {
    const std::string text = repeated(piece);
    CHECK_MESSAGE((without_secrets_of_urls(text) == text), piece);
    CHECK_MESSAGE((without_secrets_of_urls(text + "=x") == text + "=x"), piece);
  }
  CHECK((without_secrets_of_urls(repeated("?") + "sig=x") == repeated("?") + "sig=[redacted]"));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
}

TEST_CASE("fields become JSON of bounded size, whatever their bytes") {
  const auto told = nlohmann::json::parse(fields_json({{"A", "\"\\\x01\xe4"}, {"B", ""}}));
  REQUIRE(told.size() == 2);
  CHECK(told[0][1] == "\"\\\x01\xc3\xa4");
  CHECK(told[1][0] == "B");
  CHECK(fields_json({}) == "[]");
  const std::string big(5000, 'x');
  const http::Fields many(100, http::Field{"Big", big});
  const std::string text = fields_json(many);
  CHECK(text.size() < kMostShownFields + 2 * kMostShownValue);
  CHECK(nlohmann::json::parse(text)[0][1].get<std::string>().size() == kMostShownValue + 3);
}

}  // namespace
}  // namespace ingress::broker
