#include "common/tls/ticket_keys.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

using namespace ingress;
using tls::TicketKey;
using tls::TicketKeyMaker;
using tls::TicketKeyMemory;

namespace {

const Time kStart{std::chrono::hours{1000}};

bool holds(const TicketKeyMemory& memory, const TicketKey& key) {
  const std::string_view all(reinterpret_cast<const char*>(&memory), sizeof memory);
  return all.find(std::string_view(reinterpret_cast<const char*>(key.cipher.data()), key.cipher.size())) !=
         std::string_view::npos;
}

}  // namespace

TEST_CASE("memory without a maker has no keys and is not readable") {
  const TicketKeyMemory memory;
  CHECK_FALSE(memory.newest());
  CHECK_FALSE(memory.find(TicketKey{}.name));
  CHECK_FALSE(memory.readable());
}

TEST_CASE("the first key is there at once and is found by its name") {
  TicketKeyMemory memory;
  TicketKeyMaker maker(memory, kStart);
  REQUIRE(memory.readable());
  const auto newest = memory.newest();
  REQUIRE(newest);
  const auto found = memory.find(newest->name);
  REQUIRE(found);
  CHECK(found->newest);
  CHECK(found->key.cipher == newest->cipher);
  CHECK(found->key.mac == newest->mac);
  CHECK(newest->cipher != newest->mac);
  CHECK_FALSE(memory.find(TicketKey{}.name));
}

TEST_CASE("a key is the newest for a rotation, opens for another one, and then for none") {
  TicketKeyMemory memory;
  TicketKeyMaker maker(memory, kStart);
  const TicketKey first = *memory.newest();
  maker.tick(kStart + TicketKeyMaker::kRotation - Duration{1});
  CHECK(memory.newest()->name == first.name);
  maker.tick(kStart + TicketKeyMaker::kRotation);
  const TicketKey second = *memory.newest();
  CHECK(second.name != first.name);
  CHECK(second.cipher != first.cipher);
  REQUIRE(memory.find(first.name));
  CHECK_FALSE(memory.find(first.name)->newest);
  CHECK(memory.find(second.name)->newest);
  maker.tick(kStart + 2 * TicketKeyMaker::kRotation);
  CHECK_FALSE(memory.find(first.name));
  REQUIRE(memory.find(second.name));
  CHECK_FALSE(memory.find(second.name)->newest);
}

TEST_CASE("a key that opens nothing any more is overwritten by the tick after, and the others stay") {
  TicketKeyMemory memory;
  TicketKeyMaker maker(memory, kStart);
  Time now = kStart;
  for (int round = 0; round < 9; ++round) {
    const TicketKey old = *memory.newest();
    now += TicketKeyMaker::kRotation;
    maker.tick(now);
    now += TicketKeyMaker::kTick;
    maker.tick(now);
    const TicketKey current = *memory.newest();
    CHECK(memory.find(old.name));
    CHECK(memory.find(current.name));
    now += TicketKeyMaker::kRotation;
    maker.tick(now);
    CHECK_FALSE(memory.find(old.name));
    CHECK(holds(memory, old));
    maker.tick(now + TicketKeyMaker::kTick);
    CHECK_FALSE(holds(memory, old));
    CHECK(holds(memory, current));
    CHECK(memory.find(current.name));
  }
}
