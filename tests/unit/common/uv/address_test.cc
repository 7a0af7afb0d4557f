#include <doctest/doctest.h>

#include "common/uv/socket.h"

using ingress::uv::Address;

TEST_CASE("addresses of every form are parsed and written back") {
  for (const char* text : {"1.2.3.4:80", "[::]:443", "[2001:db8::1]:8080", "0.0.0.0:0", "unix:/run/x.sock"}) {
    CAPTURE(text);
    const auto address = Address::parse(text);
    REQUIRE(address.has_value());
    CHECK(address->to_text() == text);
  }
}

TEST_CASE("a port alone is any address of both families") {
  const auto address = Address::parse(":8443");
  REQUIRE(address.has_value());
  CHECK(address->ip == "::");
  CHECK(address->port == 8443);
}

TEST_CASE("anything else is refused") {
  for (const char* text : {"", "80", "localhost:80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:+1",
                           "1.2.3.4:8o", "[::1]", "::1:80", "[1.2.3.4]:80", "[]:80", "1.2.3:80", "unix:", ":123456"}) {
    CAPTURE(text);
    const auto address = Address::parse(text);
    REQUIRE_FALSE(address.has_value());
    CHECK(address.error().code == ingress::ErrorCode::kInvalidArgument);
  }
}
