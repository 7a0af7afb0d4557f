#include "agent/session/address_race.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/unit/agent/session/silent_address.h"
#include "tests/unit/agent/session/test_loop.h"
#include "tests/unit/agent/session/test_origin.h"

using namespace ingress;
using namespace ingress::agent;
using namespace ingress::agent::test;

namespace {

struct RaceWatch final : AddressRaceOwner {
  void on_reached(const uv::Address& address, std::unique_ptr<uv::Socket> socket) override {
    reached.push_back(address.to_text());
    sockets.push_back(std::move(socket));
  }
  void on_unreached(const uv::Address& address, const Error& error) override {
    CHECK(error.code == ErrorCode::kConnectFailed);
    unreached.push_back(address.to_text());
  }
  void on_none_reached() override { none = true; }

  std::vector<std::string> reached;
  std::vector<std::string> unreached;
  std::vector<std::unique_ptr<uv::Socket>> sockets;
  bool none = false;
};

uv::Address at_loopback(int port) { return {"127.0.0.1", port, ""}; }

// Nothing listens there.
uv::Address refusing_address(uv::Loop& loop) {
  TestOrigin origin(loop);
  return at_loopback(origin.port);
}

}  // namespace

TEST_CASE("the first address that answers is taken, and no other is dialled") {
  uv::Loop loop;
  const TestOrigin first(loop), second(loop);
  RaceWatch watch;
  AddressRace race(loop, {at_loopback(first.port), at_loopback(second.port)}, watch);
  race.go_on();
  CHECK(race.running());
  REQUIRE(run_until(loop, [&watch] { return !watch.reached.empty(); }));
  CHECK(watch.reached.front() == at_loopback(first.port).to_text());
  CHECK(race.begun().size() == 1);
  CHECK_FALSE(race.running());
  // It is of no use: on to the next.
  REQUIRE(race.has_next());
  race.go_on();
  REQUIRE(run_until(loop, [&watch] { return watch.reached.size() == 2; }));
  CHECK(watch.reached.back() == at_loopback(second.port).to_text());
  CHECK_FALSE(race.has_next());
}

TEST_CASE("an address that refuses is passed over at once, and where all do, that is told") {
  uv::Loop loop;
  const uv::Address refusing = refusing_address(loop);
  const TestOrigin origin(loop);
  RaceWatch watch;
  AddressRace race(loop, {refusing, at_loopback(origin.port)}, watch);
  race.go_on();
  REQUIRE(run_until(loop, [&watch] { return !watch.reached.empty(); }));
  CHECK(watch.unreached == std::vector<std::string>{refusing.to_text()});
  CHECK_FALSE(race.has_next());
  RaceWatch other;
  AddressRace in_vain(loop, {refusing, refusing}, other);
  in_vain.go_on();
  REQUIRE(run_until(loop, [&other] { return other.none; }));
  CHECK(other.unreached.size() == 2);
  CHECK_FALSE(in_vain.running());
}

TEST_CASE("an address that is silent is overtaken by the next one, and may be tried again after that") {
  uv::Loop loop;
  const SilentAddress silent;
  const TestOrigin origin(loop);
  RaceWatch watch;
  AddressRace race(loop, {silent.address, at_loopback(origin.port)}, watch);
  race.go_on();
  REQUIRE(run_until(loop, [&watch] { return !watch.reached.empty(); }));
  CHECK(watch.reached.front() == at_loopback(origin.port).to_text());
  CHECK(watch.unreached.empty());
  REQUIRE(race.begun().size() == 2);
  CHECK(race.begun().front().to_text() == silent.address.to_text());
  REQUIRE(race.has_next());
  CHECK(race.next().to_text() == silent.address.to_text());
}

TEST_CASE("beside an address that is silent one that refused is tried again until it is back") {
  uv::Loop loop;
  const SilentAddress silent;
  const uv::Address restarting = refusing_address(loop);
  RaceWatch watch;
  AddressRace race(loop, {restarting, silent.address}, watch);
  race.go_on();
  REQUIRE(run_until(loop, [&watch] { return watch.unreached.size() >= 2; }));
  CHECK_FALSE(watch.none);
  auto back = uv::Listener::listen(loop, restarting, [](std::unique_ptr<uv::Socket>) {});
  REQUIRE(back.has_value());
  REQUIRE(run_until(loop, [&watch] { return !watch.reached.empty(); }));
  CHECK(watch.reached.front() == restarting.to_text());
}

TEST_CASE("a race that ends early calls nobody") {
  uv::Loop loop;
  const TestOrigin origin(loop);
  RaceWatch watch;
  {
    AddressRace race(loop, {at_loopback(origin.port)}, watch);
    race.go_on();
  }
  int looks = 0;
  REQUIRE(run_until(loop, [&looks] { return ++looks > 20; }));
  CHECK(watch.reached.empty());
  CHECK_FALSE(watch.none);
}
