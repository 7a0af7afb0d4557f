#include "broker/admin/why_report.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "broker/admin/why_walk.h"

namespace ingress::broker::admin {
namespace {

using nlohmann::json;

Refusal refusal(ErrorCode code, std::string detail) {
  return {Error{code, Side::kClient, false, 0, ""}, std::move(detail)};
}

TEST_CASE("a report without a failure is good, and warnings do not change that") {
  WhyReport report("misha.iterate.app");
  report.good(WhyStep::kGrammar, "fine");
  report.warn(WhyStep::kDns, "odd", "look");
  const json shown = json::parse(report.json());
  CHECK(shown["ok"] == true);
  CHECK(shown["problem"].is_null());
  CHECK(shown["steps"].size() == kWhySteps);
  CHECK(shown["steps"][4] ==
        json{{"step", "dns"}, {"state", "warning"}, {"ok", true}, {"detail", "odd"}, {"advice", "look"}});
  CHECK(shown["steps"][5]["state"] == "skipped");
  CHECK(shown["steps"][5]["ok"].is_null());
}

TEST_CASE("DNS is the first failure only where nothing else failed, though it stands before") {
  WhyReport report("h");
  report.fail(WhyStep::kDns, "no address", "point it here");
  CHECK(report.first_failure() == WhyStep::kDns);
  report.fail(WhyStep::kProbe, "nothing listens", "start it");
  CHECK(report.first_failure() == WhyStep::kProbe);
  const json shown = json::parse(report.json());
  CHECK(shown["ok"] == false);
  CHECK(shown["problem"] == json{{"step", "probe"}, {"detail", "nothing listens"}, {"advice", "start it"}});
}

TEST_CASE("each refusal stands at its step, with what to do about it") {
  struct Case {
    ErrorCode code;
    const char* detail;
    WhyStep step;
    const char* advice;
  };
  const Case cases[] = {
      {ErrorCode::kInvalidHost, "no host", WhyStep::kGrammar, "correct"},
      {ErrorCode::kInvalidPort, "\"70000\" is not a port", WhyStep::kGrammar, "1 to 65535"},
      {ErrorCode::kProjectNotFound, "there is no project \"misha\"", WhyStep::kRoute, "project create misha"},
      {ErrorCode::kMachineNotFound, "there is no machine \"m\"", WhyStep::kRoute, "machine create m"},
      {ErrorCode::kServiceNotFound, "the project has no service \"docs\"", WhyStep::kRoute, "PROJECT docs --port"},
      {ErrorCode::kForbidden, "project \"misha\" is suspended", WhyStep::kRoute, "project set misha --suspended false"},
      {ErrorCode::kMachineNotRoutable, "no machine is attached to project \"misha\"", WhyStep::kMachine,
       "machine attach misha MACHINE"},
      {ErrorCode::kMachineNotRoutable, "machine \"m_1\" is archived", WhyStep::kMachine,
       "machine set m_1 --state active"},
      {ErrorCode::kRouteExpired, "the time of route \"r\" is over", WhyStep::kRoute,
       "ingressctl route update r --ttl 1d"},
      {ErrorCode::kRouteExpired, "the time of machine \"m\" is over", WhyStep::kRoute,
       "give it more time: ingressctl machine set m --ttl 1d"},
      {ErrorCode::kRouteNotFound, "no route leads to \"h\"", WhyStep::kRoute, "route create h"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.detail);
    WhyReport report("h");
    report.refused(refusal(each.code, each.detail));
    REQUIRE(report.first_failure() == each.step);
    CHECK(report.at(each.step).detail == each.detail);
    CHECK(report.at(each.step).advice.find(each.advice) != std::string::npos);
  }
}

TEST_CASE("a name that can be no custom domain is told of a route alone") {
  for (const char* host : {"10.0.0.1", "1.2.3", "a.0x7f", "localhost"}) {
    CAPTURE(host);
    WhyReport report(host);
    report.refused(refusal(ErrorCode::kRouteNotFound, "no route leads to it"));
    CHECK(report.at(WhyStep::kRoute).advice ==
          "make a route: ingressctl route create " + std::string(host) + " --project PROJECT");
  }
  WhyReport kept("x.y.machines.iterate.app");
  kept.refused(refusal(ErrorCode::kRouteNotFound, "no route leads to \"x\"; only a route can hold it"));
  CHECK(kept.at(WhyStep::kRoute).advice.find("domain add") == std::string::npos);
  WhyReport free("a.example.com");
  free.refused(refusal(ErrorCode::kRouteNotFound, "no route leads to it"));
  CHECK(free.at(WhyStep::kRoute).advice.find("ingressctl domain add a.example.com PROJECT") != std::string::npos);
}

TEST_CASE("a probe's end says what is wrong in the machine") {
  CHECK(probe_failure(4096, tunnel::ResetCode::kConnectFailed).detail.find("nothing listens on port 4096") == 0);
  CHECK(probe_failure(22, tunnel::ResetCode::kPortDenied).advice.find("--allow-port 22") != std::string::npos);
  CHECK(probe_failure(22, tunnel::ResetCode::kConnectTimeout).state == WhyState::kFailed);
  CHECK(probe_failure(22, tunnel::ResetCode::kRefused).advice.find("wait") == 0);
  CHECK(probe_failure(22, tunnel::ResetCode::kInternal).state == WhyState::kFailed);
}

TEST_CASE(
    "a port that the agent does not serve may be its own, or denied; allowing it shuts the others, which is said") {
  const std::string own = probe_failure(8080, tunnel::ResetCode::kPortDenied).advice;
  CHECK(own.find("it is the agent's own port") == 0);
  CHECK(own.find("--listen off") != std::string::npos);
  const std::string other = probe_failure(9222, tunnel::ResetCode::kPortDenied).advice;
  CHECK(other.find("--listen off") != std::string::npos);
  CHECK(other.find("shuts every port that no --allow-port names") != std::string::npos);
}

TEST_CASE("names that no public DNS has are known") {
  CHECK(never_public("4096__dev.localhost"));
  CHECK(never_public("a.test"));
  CHECK_FALSE(never_public("localhost.example.com"));
  CHECK_FALSE(never_public("misha.iterate.app"));
}

}  // namespace
}  // namespace ingress::broker::admin
