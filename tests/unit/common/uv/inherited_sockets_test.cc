#include "common/uv/inherited_sockets.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/common/uv/socket_pair.h"

using namespace ingress;
using namespace ingress::uv;
using namespace ingress::test;

namespace {

// Of a listener that is gone.
Address free_loopback(const char* ip) {
  Loop loop;
  auto listener = Listener::listen(loop, {ip, 0, ""}, [](std::unique_ptr<Socket>) {});
  REQUIRE(listener.has_value());
  return (*listener)->local();
}

std::string texts(const std::vector<Address>& addresses) {
  std::string all;
  for (const Address& address : addresses) all.append(all.empty() ? "" : " ").append(address.to_text());
  return all;
}

}  // namespace

TEST_CASE("a socket that is held is taken once, by who listens at its address") {
  const Address address = free_loopback("127.0.0.1");
  REQUIRE(hold_socket(address).has_value());
  CHECK_FALSE(take_inherited_socket({"127.0.0.1", address.port == 1 ? 2 : 1, ""}).valid());
  CHECK_FALSE(take_inherited_socket({"0.0.0.0", address.port, ""}).valid());
  CHECK(take_inherited_socket(address).valid());
  CHECK_FALSE(take_inherited_socket(address).valid());
  CHECK(close_unused_sockets().empty());
}

TEST_CASE("what nobody has taken is closed, and said by its address") {
  const TemporaryFolder folder;
  const Address address = free_loopback("127.0.0.1");
  Address path;
  path.unix_path = std::string(folder.path) + "/socket";
  REQUIRE(hold_socket(address).has_value());
  REQUIRE(hold_socket(path).has_value());
  CHECK(texts(close_unused_sockets()) == address.to_text() + " unix:" + path.unix_path);
  CHECK_FALSE(take_inherited_socket(address).valid());
  Loop loop;
  CHECK(Listener::listen(loop, address, [](std::unique_ptr<Socket>) {}).has_value());
}

TEST_CASE("a socket of both families is for a listener at either any-address, which needs no second one") {
  const Address any = free_loopback("0.0.0.0");
  const Address v4{"0.0.0.0", any.port, ""};
  REQUIRE(hold_socket(v4).has_value());
  CHECK(texts(with_inherited({v4})) == v4.to_text());
  CHECK(texts(with_inherited({{"::", any.port, ""}})) == "[::]:" + std::to_string(any.port));
  CHECK(take_inherited_socket(v4).valid());
  CHECK(close_unused_sockets().empty());
}
