#include "broker/admission/client_key.h"

#include <doctest/doctest.h>

namespace ingress::broker {
namespace {

TEST_CASE("a client is its address, or its /64") {
  CHECK(client_key("192.0.2.1") == "192.0.2.1");
  CHECK(client_key("192.0.2.1") != client_key("192.0.2.2"));
  CHECK(client_key("2001:db8::1") == client_key("2001:db8::ffff:1:2:3"));
  CHECK(client_key("2001:db8::1") != client_key("2001:db8:0:1::1"));
  CHECK(client_key("::ffff:192.0.2.3") != client_key("::ffff:192.0.2.4"));
  CHECK(client_key("no address") == "no address");
  CHECK(client_key("") == "");
}

// "3130:2e30:2e30:2e31::" has the bytes of "10.0.0.1".
TEST_CASE("no /64 is taken for an address of IPv4") {
  CHECK(client_key("3130:2e30:2e30:2e31::5") != client_key("10.0.0.1"));
}

}  // namespace
}  // namespace ingress::broker
