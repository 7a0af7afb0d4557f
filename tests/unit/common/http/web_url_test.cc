#include "common/http/web_url.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;
using namespace ingress::http;

TEST_CASE("a URL is taken apart as a request needs it") {
  const WebUrl url = *parse_web_url("https://Hooks.example.com/wake/up?x=1&y=/2");
  CHECK(url.tls);
  CHECK(url.host == "Hooks.example.com");
  CHECK(url.port == 443);
  CHECK(url.authority == "Hooks.example.com");
  CHECK(url.target == "/wake/up?x=1&y=/2");
  const WebUrl other = *parse_web_url("HTTP://[::1]:8080?x");
  CHECK_FALSE(other.tls);
  CHECK(other.host == "::1");
  CHECK(other.port == 8080);
  CHECK(other.authority == "[::1]:8080");
  CHECK(other.target == "/?x");
  CHECK(parse_web_url("http://a")->target == "/");
  CHECK(parse_web_url("http://a")->port == 80);
}

TEST_CASE("what is no such URL is refused") {
  for (const std::string bad : {"",
                                "a.com",
                                "/wake",
                                "ftp://a/",
                                "https:/a",
                                "https://",
                                "https:///x",
                                "https://:443/",
                                "https://a:b/",
                                "https://a:65536/",
                                "https://u@a/",
                                "https://u:p@a/",
                                "https://a/#x",
                                "https://a#x",
                                "https://a/ b",
                                "https://a/\r\nX: y",
                                "https://a/\x7f",
                                "https://\xc3\xa4/",
                                "https://[::1/",
                                "https://[]/",
                                "https://a\\b/"}) {
    CAPTURE(bad);
    const Result<WebUrl> url = parse_web_url(bad);
    REQUIRE_FALSE(url.has_value());
    CHECK(url.error().code == ErrorCode::kInvalidArgument);
  }
  const std::string longest = "https://a/" + std::string(WebUrl::kMostBytes - 10, 'x');
  CHECK(parse_web_url(longest).has_value());
  CHECK_FALSE(parse_web_url(longest + "x").has_value());
}
