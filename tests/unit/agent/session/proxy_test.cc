#include "agent/session/proxy.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;
using namespace ingress::agent;

namespace {

BrokerUrl url(const char* text) { return BrokerUrl::parse(text).value(); }

// The answer given to a fresh reader in pieces of `step` bytes: true when whole and good.
Result<bool> read_reply(std::string_view text, size_t step, int* status = nullptr) {
  ConnectReply reply;
  Result<bool> result = false;
  for (size_t i = 0; i < text.size() && result && !*result; i += step) {
    result = reply.receive(as_bytes(text.substr(i, step)));
  }
  if (status != nullptr) *status = reply.status();
  return result;
}

}  // namespace

TEST_CASE("a broker URL is https, a host and perhaps a port") {
  CHECK(url("https://broker.iterate.app").authority() == "broker.iterate.app:443");
  CHECK(url("https://127.0.0.1:8443/").authority() == "127.0.0.1:8443");
  CHECK(url("https://[::1]:8443").authority() == "[::1]:8443");
  CHECK(url("https://[::1]").host == "::1");
  CHECK(url("HTTPS://Broker.example").authority() == "Broker.example:443");
  CHECK(url("https://broker.example.").host == "broker.example.");
  for (const char* bad : {"",
                          "broker",
                          "http://broker",
                          "https://",
                          "https:///",
                          "https://b/path",
                          "https://b?x",
                          "https://u@b",
                          "https://b:0",
                          "https://b:65536",
                          "https://b:",
                          "https://b:x",
                          "https://[::1",
                          "https://a b",
                          "https://::1",
                          "HTTPS//b",
                          "https://b..c",
                          "https://.b",
                          "https://[:::::]",
                          "https://[1.2.3.4]",
                          "https://[]"}) {
    CAPTURE(bad);
    CHECK_FALSE(BrokerUrl::parse(bad).has_value());
  }
}

TEST_CASE("the proxy is none, or host and port with its credentials") {
  const BrokerUrl broker = url("https://broker.iterate.app");
  CHECK_FALSE(choose_proxy({"", ""}, broker)->has_value());
  const auto plain = choose_proxy({"proxy.corp:3128", ""}, broker);
  REQUIRE(plain->has_value());
  CHECK((*plain)->host == "proxy.corp");
  CHECK((*plain)->port == 3128);
  CHECK((*plain)->authorization.empty());
  const auto named = choose_proxy({"http://aladdin:open%20sesame@[2001:db8::1]:8080/", ""}, broker);
  REQUIRE(named->has_value());
  CHECK((*named)->host == "2001:db8::1");
  CHECK((*named)->authorization == "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK((*choose_proxy({"http://p", ""}, broker))->port == 80);
}

TEST_CASE("credentials of every length are encoded with the right padding") {
  const BrokerUrl broker = url("https://b");
  CHECK((*choose_proxy({"http://:@p", ""}, broker))->authorization == "Basic Og==");
  CHECK((*choose_proxy({"http://a:@p", ""}, broker))->authorization == "Basic YTo=");
  CHECK((*choose_proxy({"http://a:b@p", ""}, broker))->authorization == "Basic YTpi");
  CHECK((*choose_proxy({"http://a%4:@p", ""}, broker))->authorization == "Basic YSU0Og==");
}

TEST_CASE("a user without a password has an empty one") {
  const BrokerUrl broker = url("https://b");
  CHECK((*choose_proxy({"http://user@p", ""}, broker))->authorization == "Basic dXNlcjo=");
  CHECK((*choose_proxy({"http://user:@p", ""}, broker))->authorization == "Basic dXNlcjo=");
  // A colon that is escaped is the user's own, and no separator.
  CHECK((*choose_proxy({"http://a%3Ab@p", ""}, broker))->authorization == "Basic YTpiOg==");
}

TEST_CASE("a proxy that can't be used is refused with a sentence that holds no password") {
  const BrokerUrl broker = url("https://broker.iterate.app");
  for (const char* bad :
       {"https://proxy:3128", "socks5://proxy:1080", "http://user:s3cret@", "http://user:s3cret@a b"}) {
    CAPTURE(bad);
    const auto chosen = choose_proxy({bad, ""}, broker);
    REQUIRE_FALSE(chosen.has_value());
    CHECK(chosen.error().find("s3cret") == std::string::npos);
  }
}

TEST_CASE("NO_PROXY exempts names with their subdomains, ports, addresses and blocks") {
  const BrokerUrl name = url("https://broker.iterate.app");
  for (const char* yes : {"*", "iterate.app", ".iterate.app", "broker.iterate.app", "BROKER.Iterate.App",
                          "other.com, iterate.app", "broker.iterate.app:443", " iterate.app ,x"}) {
    CAPTURE(yes);
    CHECK(is_exempt(yes, name));
  }
  for (const char* no :
       {"", "app.", "rate.app", "x.broker.iterate.app", "broker.iterate.app:8443", "iterate", ",,", "10.0.0.0/8"}) {
    CAPTURE(no);
    CHECK_FALSE(is_exempt(no, name));
  }
  const BrokerUrl v4 = url("https://10.1.2.3");
  CHECK(is_exempt("10.0.0.0/8", v4));
  CHECK(is_exempt("10.1.2.3", v4));
  CHECK(is_exempt("10.1.2.0/23", v4));
  CHECK_FALSE(is_exempt("10.1.3.0/24", v4));
  CHECK_FALSE(is_exempt("10.0.0.0/33", v4));
  CHECK_FALSE(is_exempt("2.3", v4));
  const BrokerUrl v6 = url("https://[2001:db8::5]:8443");
  CHECK(is_exempt("2001:db8::/32", v6));
  CHECK(is_exempt("[2001:db8::5]:8443", v6));
  CHECK_FALSE(is_exempt("[2001:db8::5]:443", v6));
  CHECK_FALSE(is_exempt("2001:db9::/32", v6));
}

TEST_CASE("an exempt broker is dialled directly") {
  CHECK_FALSE(choose_proxy({"http://proxy:3128", "iterate.app"}, url("https://broker.iterate.app"))->has_value());
}

TEST_CASE("CONNECT names the broker with its port and carries the credentials") {
  Proxy proxy;
  CHECK(connect_request(proxy, url("https://b.example")) ==
        "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n");
  proxy.authorization = "Basic YQ==";
  CHECK(connect_request(proxy, url("https://[::1]:8443")) ==
        "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\nProxy-Authorization: Basic YQ==\r\n\r\n");
}

TEST_CASE("a good answer to CONNECT is read in any split") {
  const std::string text = "HTTP/1.0 200 Connection established\r\nVia: squid\r\nContent-Length: 0\r\n\r\n";
  for (size_t step = 1; step <= text.size(); ++step) {
    CAPTURE(step);
    const Result<bool> result = read_reply(text, step);
    REQUIRE(result.has_value());
    CHECK(*result);
  }
  CHECK(*read_reply("HTTP/1.1 200\r\n\r\n", 1));
}

TEST_CASE("a bad answer to CONNECT is an error in any split") {
  for (const char* text :
       {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "HTTP/1.1 403 Forbidden\r\nX: y\r\n\r\n",
        "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000 x\r\n\r\n", "HTTP/2 200\r\n\r\n", "SSH-2.0-x\r\n\r\n", "\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 -20 x\r\n\r\n"}) {
    for (const size_t step : {size_t{1}, size_t{7}, size_t{1000}}) {
      CAPTURE(text);
      CAPTURE(step);
      CHECK_FALSE(read_reply(text, step).has_value());
    }
  }
}

TEST_CASE("a refusal of the proxy says which status") {
  int status = 0;
  const Result<bool> result = read_reply("HTTP/1.1 407 Auth\r\n\r\n", 1, &status);
  CHECK(result.error().code == ErrorCode::kUnauthorized);
  CHECK(status == 407);
}

TEST_CASE("an answer without an end and bytes behind an answer are errors") {
  ConnectReply endless;
  const std::string line(1024, 'x');
  Result<bool> result = false;
  for (int i = 0; i < 17 && result; ++i) result = endless.receive(as_bytes(line));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::kTooLarge);
  CHECK_FALSE(ConnectReply().receive(as_bytes(std::string_view("HTTP/1.1 200 OK\r\n\r\nx"))).has_value());
}
