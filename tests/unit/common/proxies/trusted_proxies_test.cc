#include "common/proxies/trusted_proxies.h"

#include <doctest/doctest.h>

using namespace ingress::proxies;

namespace {

TrustedProxies of(const std::vector<std::string>& texts) { return *TrustedProxies::make(texts); }

}  // namespace

TEST_CASE("addresses and blocks are trusted, of either family") {
  const TrustedProxies trusted = of({"192.0.2.1", "10.0.0.0/8", "2001:db8::/32"});
  CHECK(trusted.trusts("192.0.2.1"));
  CHECK(trusted.trusts("10.255.0.1"));
  CHECK(trusted.trusts("::ffff:10.1.2.3"));
  CHECK(trusted.trusts("2001:db8:1::7"));
  CHECK_FALSE(trusted.trusts("192.0.2.2"));
  CHECK_FALSE(trusted.trusts("2001:db9::1"));
  CHECK_FALSE(trusted.trusts(""));
  CHECK_FALSE(of({}).trusts("127.0.0.1"));
}

TEST_CASE("what is no address is refused") {
  CHECK(TrustedProxies::make({"10.0.0.0/8", "balancer"}).error() ==
        "balancer: not an address, or a block such as 10.0.0.0/8");
  CHECK_FALSE(TrustedProxies::make({"10.0.0.0/33"}));
}

TEST_CASE("the client is the last address that is not trusted") {
  const TrustedProxies trusted = of({"10.0.0.0/8", "fd00::/8"});
  CHECK(trusted.client_behind("10.0.0.1", "") == "10.0.0.1");
  CHECK(trusted.client_behind("10.0.0.1", "198.51.100.7") == "198.51.100.7");
  CHECK(trusted.client_behind("10.0.0.1", "203.0.113.9, 198.51.100.7") == "198.51.100.7");
  CHECK(trusted.client_behind("10.0.0.1", "203.0.113.9, 198.51.100.7,10.0.0.3 , fd00::2") == "198.51.100.7");
  CHECK(trusted.client_behind("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3");
  CHECK(trusted.client_behind("10.0.0.1", "2001:db8::7, fd00::2") == "2001:db8::7");
}

TEST_CASE("an element may have a port") {
  const TrustedProxies trusted = of({"10.0.0.0/8"});
  CHECK(trusted.client_behind("10.0.0.1", "198.51.100.7:4660, 10.0.0.2:80") == "198.51.100.7");
  CHECK(trusted.client_behind("10.0.0.1", "[2001:db8::7]:4660") == "2001:db8::7");
  CHECK(trusted.client_behind("10.0.0.1", "[2001:db8::7]") == "2001:db8::7");
}

TEST_CASE("empty elements are passed over") {
  const TrustedProxies trusted = of({"10.0.0.0/8"});
  CHECK(trusted.client_behind("10.0.0.1", "198.51.100.7, , 10.0.0.2") == "198.51.100.7");
  CHECK(trusted.client_behind("10.0.0.2", "1.2.3.4,,10.0.0.1") == "1.2.3.4");
  CHECK(trusted.client_behind("10.0.0.2", ",198.51.100.7,\t,") == "198.51.100.7");
  CHECK(trusted.client_behind("10.0.0.2", ", ,") == "10.0.0.2");
}

TEST_CASE("what is no address ends the search") {
  const TrustedProxies trusted = of({"10.0.0.0/8"});
  CHECK(trusted.client_behind("10.0.0.1", "198.51.100.7, unknown") == "10.0.0.1");
  CHECK(trusted.client_behind("10.0.0.1", "198.51.100.7, [10.0.0.2") == "10.0.0.1");
  CHECK(trusted.client_behind("10.0.0.1", "_hidden") == "10.0.0.1");
}
