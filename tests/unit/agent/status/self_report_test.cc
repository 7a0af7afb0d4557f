#include "agent/status/self_report.h"

#include <doctest/doctest.h>

using namespace ingress::agent;

namespace {

SelfReport sample() {
  SelfReport report;
  report.machine = "mach_1";
  report.agent_version = "1.0";
  report.broker = "broker.iterate.app";
  report.broker_id = "br_1";
  report.since = 1700000000;
  report.told = true;
  report.connections = {{0, true, "1.2.3.4:443", 1700000000, 12}, {1, false, "", 0, 0}};
  report.ports = {{3000, "node", true, {"https://a/", "https://b/"}}, {5432, "", false, {"https://c/"}}};
  report.errors = {{1700000001, "connect_failed", "port 3000: refused \"x\"\xff", 3}};
  return report;
}

}  // namespace

TEST_CASE("a report as text is what a person wants to know") {
  CHECK(text_of(sample()) ==
        "machine  mach_1, ingress-agent 1.0\n"
        "tunnel   up since 2023-11-14T22:13:20Z, 1 of 2, to broker.iterate.app, 12 ms\n"
        "\n"
        "3000     node\n"
        "         https://a/\n"
        "         https://b/\n"
        "5432     ?, not public\n"
        "         https://c/\n"
        "\n"
        "2023-11-14T22:13:21Z  connect_failed  port 3000: refused \"x\"? (3 times)\n");
}

TEST_CASE("a report of an agent that has reached no broker says so") {
  SelfReport report;
  report.machine = "m";
  report.agent_version = "1.0";
  report.broker = "b";
  report.connections = {{0, false, "", 0, 0}};
  CHECK(text_of(report) ==
        "machine  m, ingress-agent 1.0\n"
        "tunnel   down; the broker is b\n"
        "         the broker has not told which hosts lead here\n"
        "\n"
        "no port listens\n");
  CHECK(
      json_of(report) ==
      "{\"machine\":\"m\",\"agentVersion\":\"1.0\",\"tunnel\":{\"connected\":false,\"broker\":\"b\",\"brokerId\":null,"
      "\"since\":null,\"connections\":[{\"slot\":0,\"up\":false,\"address\":null,\"since\":null,\"roundTripMs\":null}]}"
      ","
      "\"told\":false,\"ports\":[],\"morePorts\":false,\"errors\":[]}\n");
}

TEST_CASE("a report as JSON has the same") {
  const std::string json = json_of(sample());
  for (const char* part :
       {"\"connected\":true,\"broker\":\"broker.iterate.app\",\"brokerId\":\"br_1\",\"since\":\"2023-11-14T22:13:20Z\"",
        "{\"slot\":0,\"up\":true,\"address\":\"1.2.3.4:443\",\"since\":\"2023-11-14T22:13:20Z\",\"roundTripMs\":12}",
        "{\"port\":3000,\"process\":\"node\",\"public\":true,\"urls\":[\"https://a/\",\"https://b/\"]}",
        "{\"port\":5432,\"process\":null,\"public\":false,\"urls\":[\"https://c/\"]}",
        R"({"at":"2023-11-14T22:13:21Z","code":"connect_failed","message":"port 3000: refused \"x\"?","times":3})"}) {
    CAPTURE(part);
    CHECK(json.find(part) != std::string::npos);
  }
}
