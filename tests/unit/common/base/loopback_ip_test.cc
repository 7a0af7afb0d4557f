#include "common/base/loopback_ip.h"

#include <doctest/doctest.h>

using namespace ingress;

TEST_CASE("127.0.0.0/8 and ::1 are this machine's own, and nothing else is") {
  for (const char* ip : {"127.0.0.1", "127.8.9.10", "::1"}) CHECK(is_loopback_ip(ip));
  for (const char* ip : {"", "12.7.0.1", "128.0.0.1", "::", "::2", "0.0.0.0"}) CHECK_FALSE(is_loopback_ip(ip));
}
