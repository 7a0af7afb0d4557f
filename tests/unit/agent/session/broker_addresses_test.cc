#include "agent/session/broker_addresses.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ingress;
using namespace ingress::agent;

namespace {

constexpr Time kStart{Duration{1000000}};

std::vector<uv::Address> resolved_to(const std::vector<std::string>& ips) {
  std::vector<uv::Address> addresses;
  addresses.reserve(ips.size());
  for (const std::string& ip : ips) addresses.push_back({ip, 443, ""});
  return addresses;
}

// Two IPv4 addresses; "12" is the first before the second.
std::string order_of(const BrokerAddresses& addresses, int slot, Time now = kStart) {
  std::string order;
  for (const uv::Address& each : addresses.in_order(resolved_to({"192.0.2.1", "192.0.2.2"}), slot, now)) {
    order += each.ip.back();
  }
  return order;
}

constexpr const char* kFirst = "192.0.2.1:443";
constexpr const char* kSecond = "192.0.2.2:443";

}  // namespace

TEST_CASE("neighbouring slots begin with different addresses of the broker") {
  const BrokerAddresses addresses(6);
  CHECK(order_of(addresses, 0) == "12");
  CHECK(order_of(addresses, 1) == "21");
  CHECK(addresses.in_order({}, 0, kStart).empty());
}

TEST_CASE("a slot begins where the fewest others are, wherever it was") {
  BrokerAddresses addresses(0);
  addresses.set_place(0, kSecond);
  CHECK(order_of(addresses, 1) == "12");
  CHECK(order_of(addresses, 0) == "12");  // its own place is none of another
  addresses.set_place(2, kFirst);
  addresses.set_place(3, kFirst);
  CHECK(order_of(addresses, 1) == "21");
  addresses.set_place(3, "");
  addresses.set_place(2, "");
  CHECK(order_of(addresses, 1) == "12");
}

TEST_CASE("an address that could not be reached is the last one for all slots, for a minute or until it is reached") {
  BrokerAddresses addresses(0);
  addresses.avoid(kFirst, kStart);
  addresses.set_place(0, kSecond);
  CHECK(order_of(addresses, 0) == "21");
  CHECK(order_of(addresses, 1) == "21");
  CHECK(order_of(addresses, 1, kStart + BrokerAddresses::kAvoided) == "12");
  addresses.reached(kFirst);
  CHECK(order_of(addresses, 1) == "12");
}

TEST_CASE("of two that could not be reached the one that was so longer ago comes first") {
  BrokerAddresses addresses(0);
  addresses.avoid(kFirst, kStart + Duration{1});
  addresses.avoid(kSecond, kStart);
  CHECK(order_of(addresses, 0, kStart + Duration{2}) == "21");
}

TEST_CASE("after a failure at one both are at the other, and later they are apart again") {
  BrokerAddresses addresses(0);
  addresses.avoid(kSecond, kStart);
  addresses.set_place(0, kFirst);
  addresses.set_place(1, kFirst);
  CHECK(order_of(addresses, 1) == "12");
  const Time later = kStart + BrokerAddresses::kAvoided;
  CHECK(order_of(addresses, 0, later) == "21");
  addresses.set_place(0, kSecond);
  CHECK(order_of(addresses, 1, later) == "12");
}

TEST_CASE("a slot that got no tunnel at an address tries the others first, each in its turn, until it has one") {
  BrokerAddresses addresses(0);
  addresses.set_place(1, kSecond);
  addresses.failed(0, kFirst);
  CHECK(order_of(addresses, 0) == "21");
  CHECK(order_of(addresses, 2) == "12");  // it is that slot's failure
  addresses.failed(0, kSecond);
  CHECK(order_of(addresses, 0) == "12");
  addresses.failed(0, kFirst);
  CHECK(order_of(addresses, 0) == "21");
  addresses.start_over(0);
  CHECK(order_of(addresses, 0) == "12");
}

TEST_CASE("the resolver's family comes first, though another slot is there, unless it fails") {
  BrokerAddresses addresses(0);
  const std::vector<uv::Address> both = resolved_to({"2001:db8::1", "192.0.2.1"});
  addresses.set_place(1, "[2001:db8::1]:443");
  CHECK(addresses.in_order(both, 0, kStart).front().ip == "2001:db8::1");
  addresses.avoid("[2001:db8::1]:443", kStart);
  CHECK(addresses.in_order(both, 0, kStart).front().ip == "192.0.2.1");
}
