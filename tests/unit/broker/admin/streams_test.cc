#include <doctest/doctest.h>

#include "broker/admin/exchanges.h"
#include "tests/unit/broker/admin/admin_fixture.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

const std::string kWantsEvents = "Accept: text/event-stream\r\n";

ExchangeRecord record_of(std::string_view machine, int status = 200) {
  ExchangeRecord record;
  record.machine = machine;
  record.status = status;
  record.host = "misha.admin.test";
  return record;
}

TEST_CASE("a status filter is a status or a class") {
  ExchangeFilter filter;
  CHECK(admin::read_status_filter("", filter));
  CHECK(filter.least_status == 0);
  REQUIRE(admin::read_status_filter("404", filter));
  CHECK(filter.least_status == 404);
  CHECK(filter.most_status == 404);
  REQUIRE(admin::read_status_filter("5xx", filter));
  CHECK(filter.least_status == 500);
  CHECK(filter.most_status == 599);
  for (const char* bad : {"4", "40x", "0xx", "6xx", "4045", "4XX", "x04", "4x4"}) {
    CAPTURE(bad);
    CHECK_FALSE(admin::read_status_filter(bad, filter));
  }
}

TEST_CASE("exchanges are told live to who listens, filtered, until it leaves") {
  AdminFixture admin;
  auto listener = admin.listen("/v1/exchanges?machine=mach_a&status=2xx");
  REQUIRE(admin.run_until([&admin] { return admin.listeners() == 1; }));
  admin.observer().ended(record_of("mach_b"), nullptr, fine_now());
  admin.observer().ended(record_of("mach_a", 404), nullptr, fine_now());
  admin.observer().ended(record_of("mach_a"), nullptr, fine_now());
  REQUIRE(admin.run_until_received(*listener, "}\n\n"));
  CHECK(listener->received.starts_with("HTTP/1.1 200 "));
  CHECK(listener->received.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(listener->received.find("mach_b") == std::string::npos);
  CHECK(listener->received.find("404") == std::string::npos);
  CHECK(listener->received.find("event: exchange\ndata: {") != std::string::npos);
  listener.reset();
  CHECK(admin.run_until([&admin] { return admin.listeners() == 0; }));
}

TEST_CASE("who reads too slowly is told how many it lost, and then goes on") {
  AdminFixture admin;
  const auto listener = admin.listen("/v1/exchanges");
  REQUIRE(admin.run_until([&admin] { return admin.listeners() == 1; }));
  const std::string target(ExchangeTap::kMostBytes / 4, 'x');
  ExchangeRecord record = record_of("mach_a");
  record.target = target;
  for (int i = 0; i < 10; ++i) admin.observer().ended(record, nullptr, fine_now());
  REQUIRE(admin.run_until_received(*listener, "event: lost\ndata: {\"lost\":7}\n\n"));
  admin.observer().ended(record_of("mach_later"), nullptr, fine_now());
  CHECK(admin.run_until_received(*listener, "mach_later"));
}

TEST_CASE("what cannot be listened to is a problem, and HEAD gets a head alone") {
  AdminFixture admin;
  CHECK(admin.ask("GET", "/v1/exchanges?status=nope").status == 400);
  CHECK(admin.ask("GET", "/v1/exchanges?x=1").status == 400);
  CHECK(admin.ask("POST", "/v1/exchanges").status == 405);
  const HttpAnswer head = admin.ask("HEAD", "/v1/exchanges");
  CHECK(head.status == 200);
  CHECK(head.head.find("text/event-stream") != std::string::npos);
  CHECK(admin.ask("GET", "/health").status == 200);
  CHECK(admin.listeners() == 0);
}

TEST_CASE("more listeners than may be are refused, and there is room again when one leaves") {
  AdminFixture admin;
  std::vector<std::unique_ptr<RawClient>> listeners;
  for (size_t i = 0; i < admin::Exchanges::kMostListeners; ++i) listeners.push_back(admin.listen("/v1/exchanges"));
  REQUIRE(admin.run_until([&admin] { return admin.listeners() == admin::Exchanges::kMostListeners; }));
  CHECK(admin.ask("GET", "/v1/exchanges").status == 503);
  listeners.pop_back();
  REQUIRE(admin.run_until([&admin] { return admin.listeners() == admin::Exchanges::kMostListeners - 1; }));
  const auto last = admin.listen("/v1/exchanges");
  CHECK(admin.run_until([&admin] { return admin.listeners() == admin::Exchanges::kMostListeners; }));
}

TEST_CASE("changes are followed from a revision on, with each new one as it is committed") {
  AdminFixture admin;
  for (const char* id : {"m1", "m2"}) {
    REQUIRE(admin.ask("POST", "/v1/machines", std::string(R"({"id":")") + id + "\"}").status == 201);
  }
  const auto all = admin.listen("/v1/changes", kWantsEvents);
  const auto later = admin.listen("/v1/changes?since=1", kWantsEvents);
  const auto resumed = admin.listen("/v1/changes?since=0", kWantsEvents + "Last-Event-ID: 2\r\n");
  REQUIRE(admin.run_until_received(*all, "id: 2\n"));
  REQUIRE(admin.run_until_received(*later, "id: 2\n"));
  REQUIRE(admin.run_until_received(*resumed, ":\n\n"));
  REQUIRE(admin.ask("POST", "/v1/machines", R"({"id":"m3"})").status == 201);
  for (const auto* each : {&all, &later, &resumed}) REQUIRE(admin.run_until_received(**each, "id: 3\n"));
  CHECK(all->received.find("id: 1\nevent: change\ndata: {\"revision\":1,") != std::string::npos);
  CHECK(later->received.find("id: 1\n") == std::string::npos);
  CHECK(resumed->received.find("id: 2\n") == std::string::npos);
  CHECK(resumed->received.find("\"subject\":\"m3\"") != std::string::npos);
}

TEST_CASE("a log longer than a piece is followed whole and in order") {
  AdminFixture admin;
  for (int i = 1; i <= 230; ++i) {
    REQUIRE(admin.ask("POST", "/v1/machines", R"({"id":"m)" + std::to_string(i) + "\"}").status == 201);
  }
  const auto listener = admin.listen("/v1/changes", kWantsEvents);
  REQUIRE(admin.run_until_received(*listener, "id: 230\n"));
  size_t at = 0;
  for (int i = 1; i <= 230; ++i) {
    const size_t next = listener->received.find("id: " + std::to_string(i) + "\n", at);
    REQUIRE(next != std::string::npos);
    at = next;
  }
}

TEST_CASE("a page of changes is still a page, and what is no revision is a problem") {
  AdminFixture admin;
  CHECK(admin.ask("GET", "/v1/changes").body["items"].empty());
  CHECK(admin.ask("GET", "/v1/changes?since=x", "", kWantsEvents).status == 400);
  CHECK(admin.ask("GET", "/v1/changes?limit=1", "", kWantsEvents).status == 400);
  CHECK(admin.ask("GET", "/v1/changes", "", kWantsEvents + "Last-Event-ID: x\r\n").status == 400);
}

TEST_CASE("a draining server ends its streams in order") {
  AdminFixture admin;
  const auto exchanges = admin.listen("/v1/exchanges");
  const auto changes = admin.listen("/v1/changes", kWantsEvents);
  REQUIRE(admin.run_until_received(*changes, ":\n\n"));
  REQUIRE(admin.run_until([&admin] { return admin.listeners() == 1; }));
  bool drained = false;
  admin.server().drain([&drained] { drained = true; });
  CHECK(admin.run_until([&] { return drained && exchanges->ended && changes->ended; }));
  CHECK(exchanges->received.ends_with("0\r\n\r\n"));
  CHECK(changes->received.ends_with("0\r\n\r\n"));
  CHECK(admin.listeners() == 0);
}

TEST_CASE("a server that goes away takes its listeners along") {
  AdminFixture admin;
  const auto exchanges = admin.listen("/v1/exchanges");
  const auto changes = admin.listen("/v1/changes", kWantsEvents);
  REQUIRE(admin.run_until_received(*changes, ":\n\n"));
  REQUIRE(admin.run_until([&admin] { return admin.listeners() == 1; }));
  admin.stop_server();
  CHECK(admin.listeners() == 0);
  CHECK(admin.run_until([&] { return exchanges->ended && changes->ended; }));
}

TEST_CASE("traffic is a row a machine, with what its buckets mean") {
  AdminFixture admin;
  MachineCounts& machine = admin.observer().enter("mach_a");
  admin.observer().enter("mach_b");
  admin.observer().bytes_in(3, &machine);
  ExchangeRecord record = record_of("mach_a", 502);
  record.failed = true;
  record.times.first_byte = Micros(200);
  admin.observer().ended(record, &machine, fine_now());
  const HttpAnswer listed = admin.ask("GET", "/v1/traffic");
  REQUIRE(listed.status == 200);
  REQUIRE(listed.body["items"].size() == 2);
  const json& row = listed.body["items"][0];
  CHECK(row["machine"] == "mach_a");
  CHECK(row["requests"] == 1);
  CHECK(row["errors"] == 1);
  CHECK(row["bytesIn"] == 3);
  CHECK(row["open"] == 0);
  CHECK(row["firstByteCounts"][1] == 1);
  CHECK(row["firstByteCounts"].size() == listed.body["firstByteBoundsMs"].size() + 1);
  CHECK(listed.body["firstByteBoundsMs"][0] == 0.1);
  CHECK(listed.body["firstByteBoundsMs"][3] == 1);
  CHECK(listed.body["at"].is_number_integer());
  CHECK(admin.ask("GET", "/v1/traffic?machine=mach_b").body["items"][0]["open"] == 1);
  CHECK(admin.ask("GET", "/v1/traffic?limit=1").body["next"] == "mach_a");
  CHECK(admin.ask("GET", "/v1/traffic?x=1").status == 400);
}

}  // namespace
}  // namespace ingress::broker
