#include "common/http/host_peek.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;
using namespace ingress::http;

namespace {

Peek peek(std::string_view text) { return peek_host(as_bytes(text)); }

}  // namespace

TEST_CASE("the Host is found with the end of its line and not before") {
  const std::string text = "GET /a?b HTTP/1.1\r\nAccept: */*\r\nhOsT: \t a.example:80 \r\nX: y\r\n\r\n";
  const size_t enough = text.find("\r\nX:") + 2;
  for (size_t count = 0; count < text.size(); ++count) {
    const Peek found = peek(text.substr(0, count));
    REQUIRE(found.state == (count < enough ? Peek::State::kMore : Peek::State::kFound));
    if (count >= enough) CHECK(found.host == "a.example:80");
  }
}

TEST_CASE("a request without a Host has none") {
  CHECK(peek("GET / HTTP/1.0\r\n\r\n").state == Peek::State::kNone);
  CHECK(peek("GET / HTTP/1.1\r\nHost:\r\n\r\n").state == Peek::State::kNone);
  CHECK(peek("GET / HTTP/1.1\r\nHosts: a\r\nX-Host: b\r\n\r\nHost: c\r\n").state == Peek::State::kNone);
}

TEST_CASE("what is no request with a path is left alone") {
  CHECK(peek("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").state == Peek::State::kNone);
  CHECK(peek("GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n").state == Peek::State::kNone);
  CHECK(peek("CONNECT b.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n").state == Peek::State::kNone);
  CHECK(peek("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").state == Peek::State::kNone);
  CHECK(peek(" / \r\nHost: a\r\n").state == Peek::State::kNone);
}

TEST_CASE("a Host is looked for in the first 8 KiB") {
  std::string text = "GET / HTTP/1.1\r\nX: ";
  text.append(kMaxPeekBytes - text.size() - 1, 'x');
  CHECK(peek(text).state == Peek::State::kMore);
  CHECK(peek(text + "x").state == Peek::State::kNone);
  CHECK(peek(text + "x\r\nHost: a\r\n").state == Peek::State::kNone);
}
