#include <doctest/doctest.h>

#include "common/http/forward_rules.h"
#include "tests/unit/common/http/transcript.h"

namespace ingress::http::test {
namespace {

Pairs forward(int status, const Pairs& fields, const RequestRules& rules = {.target_port = 3000}) {
  ResponseHead head;
  head.status = status;
  head.fields = to_fields(fields);
  const Inbound inbound{"9.8.7.6", "https", "misha.iterate.app:8443", 8443};
  Scratch scratch;
  Fields out;
  forward_response_fields(head, inbound, rules, scratch, out);
  return to_pairs(out);
}

TEST_CASE("an answer's end-to-end fields pass unchanged, in their order, case and number") {
  const Pairs fields = {{"Set-Cookie", "a=b"},   {"content-TYPE", "x"},       {"Set-Cookie", "c=d"},
                        {"Content-Length", "5"}, {"X-Forwarded-For", "kept"}, {"Trailer", "t"},
                        {"Server", "s"},         {"X-Request-Id", ""}};
  CHECK(forward(200, fields) == fields);
}

TEST_CASE("an answer's hop-by-hop fields end here, and what Connection names") {
  CHECK(forward(200, {{"Connection", "keep-alive, X-Hop, Content-Length"},
                      {"Keep-Alive", "timeout=5"},
                      {"X-Hop", "1"},
                      {"Transfer-Encoding", "chunked"},
                      {"Proxy-Authenticate", "x"},
                      {"Proxy-Connection", "close"},
                      {"Upgrade", "h2c"},
                      {"TE", "x"},
                      {"Content-Length", "5"},
                      {"A", "1"}}) == Pairs{{"Content-Length", "5"}, {"A", "1"}});
}

TEST_CASE("Upgrade stays with a 101, and with a 426, which names what to upgrade to") {
  CHECK(forward(101, {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "x"}}) ==
        Pairs{{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "x"}});
  CHECK(forward(426, {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}) == Pairs{{"Upgrade", "websocket"}});
  CHECK(forward(400, {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}).empty());
}

TEST_CASE("an answer that can have no body has no Content-Length") {
  CHECK(forward(204, {{"Content-Length", "0"}, {"A", "1"}}) == Pairs{{"A", "1"}});
  CHECK(forward(100, {{"Content-Length", "0"}}).empty());
  CHECK(forward(304, {{"Content-Length", "7"}}) == Pairs{{"Content-Length", "7"}});
}

TEST_CASE("a Location at the origin itself is mapped back to the public name") {
  const auto location = [](const std::string& value, const RequestRules& rules = {.target_port = 3000}) {
    return forward(302, {{"Location", value}}, rules).at(0).second;
  };
  CHECK(location("http://localhost:3000/a?b#c") == "https://misha.iterate.app:8443/a?b#c");
  CHECK(location("https://LOCALHOST:3000") == "https://misha.iterate.app:8443");
  CHECK(location("http://127.0.0.1:3000/") == "https://misha.iterate.app:8443/");
  CHECK(location("http://[::1]:3000/") == "https://misha.iterate.app:8443/");
  CHECK(location("http://localhost/", {.target_port = 80}) == "https://misha.iterate.app:8443/");
  CHECK(location("HTTP://localhost:3000/") == "https://misha.iterate.app:8443/");
  for (const char* other : {"http://localhost:3001/", "http://localhost/", "http://example.com:3000/", "/a", "a", "",
                            "//localhost:3001/", "//localhost/", "http://localhost:3000@evil.example/",
                            "http://localhost:3000x/", "ftp://localhost:3000/", "http://127.0.0.2:3000/"}) {
    CAPTURE(other);
    CHECK(location(other) == other);
  }
  CHECK(location("http://localhost:3000/", {.host = HostMode::kPreserve, .target_port = 3000}) ==
        "https://misha.iterate.app:8443/");
  CHECK(location("//localhost:3000/v2") == "https://misha.iterate.app:8443/v2");
  CHECK(location("//localhost/", {.target_port = 443, .target_tls = true}) == "https://misha.iterate.app:8443/");
  CHECK(forward(201, {{"content-location", "http://localhost:3000/x"}}) ==
        Pairs{{"content-location", "https://misha.iterate.app:8443/x"}});
}

// "host target", or the error's name.
std::string target_of(std::string_view method, std::string_view target, const Pairs& fields,
                      uint8_t minor_version = 1) {
  RequestHead head;
  head.method = method;
  head.target = target;
  head.minor_version = minor_version;
  head.fields = to_fields(fields);
  const Result<RequestTarget> result = request_target(head);
  if (!result) return std::string(name_of(result.error().code));
  return std::string(result->host) + " " + std::string(result->target);
}

TEST_CASE("a request's host is that of an absolute-form target, else its Host") {
  CHECK(target_of("GET", "/a?b", {{"X", "y"}, {"host", "A.example:81"}}) == "A.example:81 /a?b");
  CHECK(target_of("GET", "HTTP://b.example:82/x?y", {{"Host", "a"}}) == "b.example:82 /x?y");
  CHECK(target_of("GET", "https://b.example", {{"Host", "a"}}) == "b.example /");
  CHECK(target_of("OPTIONS", "http://b.example", {{"Host", "a"}}) == "b.example *");
  CHECK(target_of("OPTIONS", "*", {{"Host", "a"}}) == "a *");
  CHECK(target_of("GET", "http://b/", {}, 0) == "b /");
}

TEST_CASE("a request without one clear host is refused") {
  CHECK(target_of("GET", "/", {}) == "bad_request");
  CHECK(target_of("GET", "http://b/", {}) == "bad_request");
  CHECK(target_of("GET", "/", {}, 0) == "invalid_host");
  CHECK(target_of("GET", "/", {{"Host", "a"}, {"host", "a"}}) == "bad_request");
  for (const char* target : {"", "a", "*", "a:80", "http://", "http:///x", "http://u@b/", "http://b?x", "ftp://b/",
                             "http://b c/", "http://[::1/"}) {
    CAPTURE(target);
    CHECK(target_of("GET", target, {{"Host", "a"}}) == "bad_request");
  }
}

}  // namespace
}  // namespace ingress::http::test
