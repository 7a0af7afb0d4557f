#include "broker/dev/host_choice.h"

#include <doctest/doctest.h>

using namespace ingress;
using namespace ingress::broker::dev;

namespace {

HostChoiceRules rules() {
  HostChoiceRules rules;
  rules.domains = {"localhost", "shop.test"};
  HostParameter repl;
  REQUIRE(parse_host_parameter("replId={}.localhost", repl));
  rules.parameters.push_back(repl);
  return rules;
}

http::RequestHead get(http::Fields fields = {}) {
  http::RequestHead head;
  head.method = "GET";
  head.fields = std::move(fields);
  return head;
}

std::string chosen(std::string_view own_host, std::string_view target, http::Fields fields = {}) {
  return choose_host(rules(), own_host, target, get(std::move(fields))).host;
}

}  // namespace

TEST_CASE("a host is chosen by a parameter of the query, by its name or by a form") {
  CHECK(chosen("localhost:8443", "/?__host=4096__dev.localhost") == "4096__dev.localhost");
  CHECK(chosen("localhost:8443", "/a/b?x=1&__host=4096__dev.localhost&y") == "4096__dev.localhost");
  CHECK(chosen("127.0.0.1:3001", "/socket.io/?EIO=4&replId=x7") == "x7.localhost");
  CHECK(chosen("[::1]:3001", "/?replId=x%37") == "x7.localhost");
  CHECK(chosen("localhost", "/").empty());
  CHECK(chosen("localhost", "/?host=4096__dev.localhost").empty());
  CHECK(chosen("localhost", "/?__host=").empty());
  CHECK(chosen("localhost", "/?__host").empty());
}

TEST_CASE("a value that can be no host is refused as one, and never stands in a field") {
  CHECK(chosen("localhost", "/?__host=a%0d%0ab") == "%");
  CHECK(chosen("localhost", "/?__host=a%00") == "%");
  CHECK(chosen("localhost", "/?__host=a+b") == "%");
  CHECK(chosen("localhost", "/?__host=%zz") == "%");
  CHECK(chosen("localhost", "/", {{"X-Ingress-Host", "a b"}}) == "%");
}

TEST_CASE("the field comes before the query, and the query before the cookie") {
  const http::Fields both = {{"Cookie", "a=b; __ingress_host=1__dev.localhost"},
                             {"x-ingress-host", "2__dev.localhost"}};
  CHECK(chosen("localhost", "/?__host=3__dev.localhost", both) == "2__dev.localhost");
  CHECK(chosen("localhost", "/?__host=3__dev.localhost", {both[0]}) == "3__dev.localhost");
  CHECK(chosen("localhost", "/", {both[0]}) == "1__dev.localhost");
}

TEST_CASE("a cookie leads nowhere from a name that has a port or project of its own") {
  const http::Fields cookie = {{"Cookie", "__ingress_host=1__dev.localhost"}};
  CHECK(chosen("127.0.0.1:8443", "/", cookie) == "1__dev.localhost");
  CHECK(chosen("dev.localhost:8443", "/", cookie).empty());
  CHECK(chosen("shop.test", "/", cookie).empty());
}

TEST_CASE("a name that leads here by rebinding chooses nothing") {
  for (const char* host : {"evil.example", "localhost.evil.example", "notlocalhost", "xshop.test", ""}) {
    CAPTURE(host);
    CHECK(chosen(host, "/?__host=4096__dev.localhost").empty());
    CHECK(chosen(host, "/", {{"X-Ingress-Host", "4096__dev.localhost"}}).empty());
    CHECK(chosen(host, "/", {{"Cookie", "__ingress_host=1__dev.localhost"}}).empty());
  }
  CHECK(chosen("A.SHOP.test.:1", "/?__host=4096__dev.localhost") == "4096__dev.localhost");
}

TEST_CASE("what is no host chooses nothing") {
  for (const char* host : {"localhost:evil", "a\"b.localhost", "[::1", "[::1]x", "[x]", "[::1]:8x"}) {
    CAPTURE(host);
    CHECK(chosen(host, "/?__host=4096__dev.localhost").empty());
  }
}

TEST_CASE("a chosen name has the port that the client came to, where it names none") {
  CHECK(with_port_of("localhost:8443", "dev.localhost") == "dev.localhost:8443");
  CHECK(with_port_of("[::1]:8443", "dev.localhost") == "dev.localhost:8443");
  CHECK(with_port_of("localhost:8443", "dev.localhost:9443") == "dev.localhost:9443");
  CHECK(with_port_of("localhost", "dev.localhost") == "dev.localhost");
  CHECK(with_port_of("[::1]", "dev.localhost") == "dev.localhost");
}

TEST_CASE("the address of a network is where its device came, a name or loopback is not") {
  CHECK(network_origin("10.9.8.7:8443", true) == "https://10.9.8.7:8443");
  CHECK(network_origin("10.9.8.7", false) == "http://10.9.8.7");
  CHECK(network_origin("[fd00::7]:8443", true) == "https://[fd00::7]:8443");
  for (const char* host : {"localhost:8443", "dev.localhost", "127.0.0.1:8443", "[::1]:8443", "shop.test", "", "[x]",
                           "1.2.3", "10.9.8.7:x"}) {
    CAPTURE(host);
    CHECK(network_origin(host, true).empty());
  }
}

TEST_CASE("a choice lasts where the next request makes it again: by the field, or by what is kept") {
  const auto lasts = [](const char* own_host, const char* target, const http::RequestHead& head) {
    return choose_host(rules(), own_host, target, head).lasts;
  };
  const char* const by_query = "/?__host=4096__dev.localhost";
  CHECK(lasts("dev.localhost", "/", get({{"X-Ingress-Host", "4096__dev.localhost"}})));
  CHECK(lasts("localhost", "/", get({{"Cookie", "__ingress_host=4096__dev.localhost"}})));
  CHECK(lasts("localhost", by_query, get({{"Accept", "text/html"}})));
  CHECK_FALSE(lasts("localhost", by_query, get({{"Accept", "*/*"}})));
  CHECK(lasts("localhost", by_query, get({{"Cookie", "__ingress_host=4096__dev.localhost"}})));
  CHECK_FALSE(lasts("localhost", by_query, get({{"Cookie", "__ingress_host=5000__dev.localhost"}})));
  CHECK_FALSE(lasts("dev.localhost", by_query, get({{"Accept", "text/html"}})));
}

TEST_CASE("a page's navigation keeps the choice, what it loads does not") {
  const auto keeps = [](const http::RequestHead& head) {
    return choose_host(rules(), "localhost", "/?__host=4096__dev.localhost", head).keep;
  };
  CHECK(keeps(get({{"Sec-Fetch-Mode", "navigate"}})));
  CHECK(keeps(get({{"Accept", "text/html,*/*"}})));
  CHECK_FALSE(keeps(get({{"Sec-Fetch-Mode", "cors"}, {"Accept", "text/html"}})));
  CHECK_FALSE(keeps(get({{"Accept", "*/*"}})));
  http::RequestHead post = get({{"Accept", "text/html"}});
  post.method = "POST";
  CHECK_FALSE(keeps(post));
  CHECK_FALSE(
      choose_host(rules(), "dev.localhost", "/?__host=4096__dev.localhost", get({{"Accept", "text/html"}})).keep);
}

TEST_CASE("forms of parameters need a hole and bytes of a host") {
  HostParameter parameter;
  CHECK(parse_host_parameter("repl", parameter));
  CHECK_FALSE(parse_host_parameter("repl=x.localhost", parameter));
  CHECK_FALSE(parse_host_parameter("=x{}", parameter));
  CHECK_FALSE(parse_host_parameter("repl={}/x", parameter));
}

TEST_CASE("our cookie is taken out of a Cookie field and the others stay") {
  CHECK(without_host_cookie("__ingress_host=x") == "");
  CHECK(without_host_cookie("a=b; __ingress_host=x; c=d") == "a=b; c=d");
  CHECK(without_host_cookie("a=b;c") == "a=b; c");
}
