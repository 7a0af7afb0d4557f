#include "broker/observe/exchange_observer.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace ingress::broker {
namespace {

TEST_CASE("an exchange is counted for the loop and for its machine, which it leaves") {
  uv::Loop loop;
  ExchangeObserver observer(loop);
  MachineCounts& machine = observer.enter("mach_a");
  observer.bytes_in(5, &machine);
  observer.bytes_out(7, &machine);
  observer.bytes_out(2, nullptr);
  CHECK(machine.open == 1);
  ExchangeRecord record;
  record.status = 502;
  record.failed = true;
  record.times.first_byte = Micros(70);
  observer.ended(record, &machine, fine_now());
  observer.ended(record, nullptr, fine_now());
  CHECK(observer.counts().bytes_in == 5);
  CHECK(observer.counts().bytes_out == 9);
  CHECK(observer.counts().by_route[static_cast<size_t>(RouteClass::kNone)].requests[5] == 2);
  REQUIRE(observer.machines().size() == 1);
  const MachineCounts counts = observer.machines()[0].counts;
  CHECK(counts.open == 0);
  CHECK(counts.requests == 1);
  CHECK(counts.errors == 1);
  CHECK(counts.bytes_in == 5);
  CHECK(counts.bytes_out == 7);
  CHECK(counts.first_byte.counts()[0] == 1);
}

TEST_CASE("who listens gets what it wants as events, from when it listens until it does not") {
  uv::Loop loop;
  ExchangeObserver observer(loop);
  ExchangeFilter filter;
  filter.machine = "mach_a";
  const auto tap = std::make_shared<ExchangeTap>(filter, [] {});
  ExchangeRecord record;
  record.machine = "mach_a";
  record.target = "/\"\x80\n";
  observer.ended(record, nullptr, fine_now());
  observer.add(tap);
  CHECK(tap->take().events.empty());
  observer.ended(record, nullptr, fine_now());
  observer.lasts(record, 0, fine_now());
  record.machine = "mach_b";
  observer.ended(record, nullptr, fine_now());
  const std::string events = tap->take().events;
  const size_t end = events.find("\n\n");
  REQUIRE(events.starts_with("event: exchange\ndata: "));
  const auto told = nlohmann::json::parse(events.substr(22, end - 22));
  CHECK(told["machine"] == "mach_a");
  CHECK(told["target"] == "/\"\xc2\x80\n");
  CHECK(events.substr(end + 2).starts_with("event: open\ndata: {"));
  CHECK(events.find("mach_b") == std::string::npos);
  CHECK(events.ends_with("}\n\n"));
  observer.remove(tap);
  record.machine = "mach_a";
  observer.ended(record, nullptr, fine_now());
  CHECK(tap->take().events.empty());
}

TEST_CASE("an exchange that lasts is told once to each who listens, to one who comes later, too") {
  uv::Loop loop;
  ExchangeObserver observer(loop);
  ExchangeRecord record;
  uint64_t told = 0;
  // As one that lasts does at each look.
  const auto look = [&] {
    if (told != observer.round()) observer.lasts(record, std::exchange(told, observer.round()), fine_now());
  };
  const auto count = [](ExchangeTap& tap) {
    const std::string events = tap.take().events;
    int found = 0;
    for (size_t at = events.find("event: open"); at != std::string::npos; at = events.find("event: open", at + 1))
      ++found;
    return found;
  };
  const auto first = std::make_shared<ExchangeTap>(ExchangeFilter{}, [] {});
  const auto second = std::make_shared<ExchangeTap>(ExchangeFilter{}, [] {});
  const auto third = std::make_shared<ExchangeTap>(ExchangeFilter{}, [] {});
  observer.add(first);
  look();
  look();
  CHECK(count(*first) == 1);
  observer.add(second);
  observer.add(third);
  look();
  look();
  CHECK(count(*first) == 0);
  CHECK(count(*second) == 1);
  CHECK(count(*third) == 1);
  observer.remove(first);
  look();
  CHECK(count(*second) == 0);
  observer.remove(second);
  observer.remove(third);
  observer.add(first);
  look();
  CHECK(count(*first) == 1);
  observer.ended(record, nullptr, fine_now());
  CHECK(first->take().events.starts_with("event: exchange"));
  observer.remove(first);
}

TEST_CASE("exchanges that last are looked for while somebody listens") {
  struct Looks final : OpenExchanges {
    explicit Looks(uv::Loop& event_loop) : loop(event_loop) {}
    void tell_lasting() override {
      ++count;
      loop.stop();
    }
    uv::Loop& loop;
    int count = 0;
  };
  uv::Loop loop;
  ExchangeObserver observer(loop);
  Looks looks(loop);
  observer.set_open_exchanges(&looks);
  loop.run();
  CHECK(looks.count == 0);
  const auto tap = std::make_shared<ExchangeTap>(ExchangeFilter{}, [] {});
  observer.add(tap);
  loop.run_until_stopped();
  CHECK(looks.count == 1);
  observer.remove(tap);
  observer.set_open_exchanges(nullptr);
}

}  // namespace
}  // namespace ingress::broker
