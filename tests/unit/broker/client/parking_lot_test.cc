#include "broker/client/parking_lot.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace ingress;
using namespace ingress::broker;

namespace {

struct Guest final : ParkedRequest {
  Guest(std::string as, std::vector<std::string>& to) : name(std::move(as)), journal(to) {}
  void on_machine_up() override {
    place.reset();
    journal.push_back(name + " up");
    if (then) then();
  }
  void on_park_over() override {
    place.reset();
    journal.push_back(name + " over");
  }
  std::string name;
  std::vector<std::string>& journal;
  std::unique_ptr<ParkingPlace> place;
  std::function<void()> then;
};

struct Lot {
  explicit Lot(ParkingLimits limits = {}) : lot(loop, limits) {}
  bool park(Guest& guest, const std::string& machine, size_t bytes = 100, Duration wait = Duration(60'000)) {
    guest.place = lot.park(machine, guest, bytes, loop.now() + wait);
    return guest.place != nullptr;
  }
  uv::Loop loop;
  ParkingLot lot;
  std::vector<std::string> journal;
};

using Journal = std::vector<std::string>;

}  // namespace

TEST_CASE("those who wait for a machine are called in their order, and nobody else") {
  Lot lot;
  Guest a("a", lot.journal), b("b", lot.journal), other("other", lot.journal);
  REQUIRE(lot.park(a, "mach_1"));
  REQUIRE(lot.park(other, "mach_2"));
  REQUIRE(lot.park(b, "mach_1"));
  CHECK(lot.lot.waiting() == 3);
  lot.lot.machine_up("mach_3");
  lot.lot.machine_up("mach_1");
  CHECK(lot.journal == Journal{"a up", "b up"});
  CHECK(lot.lot.waiting() == 1);
  lot.lot.machine_up("mach_1");
  lot.lot.machine_up("mach_2");
  CHECK(lot.journal == Journal{"a up", "b up", "other up"});
}

TEST_CASE("who leaves is not called, also where another one's call makes it leave") {
  Lot lot;
  Guest a("a", lot.journal), b("b", lot.journal), c("c", lot.journal);
  for (Guest* guest : {&a, &b, &c}) REQUIRE(lot.park(*guest, "mach_1"));
  a.then = [&b] { b.place.reset(); };
  lot.lot.machine_up("mach_1");
  CHECK(lot.journal == Journal{"a up", "c up"});
  REQUIRE(lot.park(b, "mach_1"));
  b.place.reset();
  lot.lot.machine_up("mach_1");
  CHECK(lot.journal.size() == 2);
  CHECK(lot.lot.waiting() == 0);
}

TEST_CASE("who parks again in its call waits for the next time") {
  Lot lot;
  Guest a("a", lot.journal);
  a.then = [&lot, &a] { REQUIRE(lot.park(a, "mach_1")); };
  REQUIRE(lot.park(a, "mach_1"));
  lot.lot.machine_up("mach_1");
  CHECK(lot.journal == Journal{"a up"});
  CHECK(lot.lot.waiting() == 1);
  a.then = nullptr;
  lot.lot.machine_up("mach_1");
  CHECK(lot.journal == Journal{"a up", "a up"});
}

TEST_CASE("who has waited long enough is told, once") {
  Lot lot;
  Guest a("a", lot.journal), b("b", lot.journal);
  REQUIRE(lot.park(a, "mach_1", 100, Duration(0)));
  REQUIRE(lot.park(b, "mach_1"));
  lot.loop.deadlines().advance(lot.loop.now() + Duration(5000));
  CHECK(lot.journal == Journal{"a over"});
  lot.lot.machine_up("mach_1");
  CHECK(lot.journal == Journal{"a over", "b up"});
}

TEST_CASE("as many wait for one machine as may, by number and by bytes, and another machine has its own count") {
  Lot lot({.requests = 2, .head_bytes = 1000});
  Guest a("a", lot.journal), b("b", lot.journal), c("c", lot.journal);
  REQUIRE(lot.park(a, "mach_1", 600));
  CHECK_FALSE(lot.park(b, "mach_1", 401));
  REQUIRE(lot.park(b, "mach_1", 400));
  CHECK_FALSE(lot.park(c, "mach_1", 0));
  REQUIRE(lot.park(c, "mach_2", 1000));
  a.place.reset();
  c.place.reset();
  CHECK(lot.park(c, "mach_1", 600));
}
