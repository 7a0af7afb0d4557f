#include "broker/admin/why_policy.h"

#include <doctest/doctest.h>

#include <fstream>
#include <memory>
#include <vector>

#include "tests/unit/temporary_folder.h"

namespace ingress::broker::admin {
namespace {

// Of a policy, and what is beside it: a project's quota.
struct Judged {
  std::shared_ptr<const Policy> policy;
  EffectivePolicy effective;
  AdmissionSettings settings;

  explicit Judged(const std::string& text) : policy(load_policy(text)) {
    REQUIRE(policy != nullptr);
    effective.add(policy.get());
  }
  WhyFinding finding() const { return judge_policy(effective, settings, "the words"); }
  bool says(WhyState state, std::string_view part) const {
    const WhyFinding found = finding();
    CAPTURE(found.detail);
    CHECK(found.detail.find(part) != std::string::npos);
    CHECK(found.advice.empty() == (state == WhyState::kGood));
    return found.state == state;
  }
};

TEST_CASE("a policy that lets everybody in is told in its words") {
  CHECK(Judged(R"({"auth":"public"})").says(WhyState::kGood, "the words"));
  CHECK(Judged(R"({"auth":"share","methods":["GET"]})").says(WhyState::kGood, "the words"));
}

TEST_CASE("addresses: nobody, or some") {
  const auto with = [](const std::string& keys) { return Judged(R"({"auth":"public",)" + keys + "}"); };
  CHECK(with(R"("ip_deny":["::/0"])").says(WhyState::kFailed, "403"));
  CHECK(with(R"("ip_deny":["0.0.0.0/0","::/0"])").says(WhyState::kFailed, "403"));
  CHECK(with(R"("ip_allow":[])").says(WhyState::kFailed, "403"));
  CHECK(with(R"("ip_allow":["10.1.0.0/16"],"ip_deny":["10.0.0.0/8"])").says(WhyState::kFailed, "403"));
  CHECK(with(R"("ip_allow":["10.0.0.0/8"],"ip_deny":["10.1.0.0/16"])").says(WhyState::kWarning, "ip_allow"));
  CHECK(with(R"("ip_deny":["0.0.0.0/0"])").says(WhyState::kWarning, "ip_deny"));
}

TEST_CASE("methods: none, or others than a page needs") {
  CHECK(Judged(R"({"auth":"public","methods":["PATCH"]})").says(WhyState::kWarning, "PATCH alone"));
  Judged both(R"({"auth":"public","methods":["PATCH"]})");
  const std::shared_ptr<const Policy> enforced = load_policy(R"({"methods":["GET"]})");
  both.effective.enforce(enforced.get());
  CHECK(both.says(WhyState::kFailed, "allow none"));
}

TEST_CASE("ways in that cannot work are named; where another one is left, some come in") {
  CHECK(Judged(R"({"auth":"deny"})").says(WhyState::kFailed, "auth deny"));
  const std::string forward = R"({"forward":{"url":"http://127.0.0.1:1/x"}})";
  CHECK(Judged(R"({"auth":)" + forward + "}").says(WhyState::kFailed, "may not call 127.0.0.1:1"));
  CHECK(Judged(R"({"auth":["deny",)" + forward + "]}").says(WhyState::kFailed, "may not call"));
  CHECK(Judged(R"({"auth":["share",)" + forward + "]}").says(WhyState::kWarning, "may not call"));
  Judged allowed(R"({"auth":)" + forward + "}");
  allowed.settings.targets = *origin::TargetRule::make({"127.0.0.0/8"});
  CHECK(allowed.says(WhyState::kGood, "the words"));
  CHECK(Judged(R"({"auth":{"forward":{"url":"http://auth.example.com/x"}}})").says(WhyState::kGood, "the words"));
}

TEST_CASE(
    "servers that a way in asks are named, but for those that may not be called, and whether another way is left") {
  const auto asked = [](const std::string& auth) {
    const Judged judged(R"({"auth":)" + auth + "}");
    return servers_asked(judged.effective, judged.settings);
  };
  const std::string forward = R"({"forward":{"url":"https://auth.example.com/x"}})";
  REQUIRE(asked(forward).size() == 1);
  CHECK(asked(forward).front().url.host == "auth.example.com");
  CHECK(asked(forward).front().alone);
  CHECK(asked("[\"deny\"," + forward + "]").front().alone);
  CHECK(asked(R"([{"forward":{"url":"http://127.0.0.1:1/x"}},)" + forward + "]").front().alone);
  CHECK_FALSE(asked("[\"share\"," + forward + "]").front().alone);
  CHECK(asked("\"public\"").empty());
  CHECK(asked(R"({"forward":{"url":"http://127.0.0.1:1/x"}})").empty());
}

TEST_CASE("a server that cannot be asked keeps everybody out who comes in by it alone") {
  AskedServer server;
  server.url.host = server.url.authority = "auth.example.com";
  const WhyFinding good{WhyState::kGood, "the words", {}};
  const auto told = [&](ServerState state) { return with_server(good, server, state); };
  for (const bool alone : {true, false}) {
    server.alone = alone;
    const WhyState bad = alone ? WhyState::kFailed : WhyState::kWarning;
    CHECK(told(ServerState::kAnswers).state == WhyState::kGood);
    CHECK(told(ServerState::kSilent).state == WhyState::kWarning);
    for (const ServerState state : {ServerState::kNoAddress, ServerState::kNotAllowed, ServerState::kRefuses}) {
      CHECK(told(state).state == bad);
      CHECK(told(state).detail.find("auth.example.com, which its auth forward asks, ") != std::string::npos);
      CHECK_FALSE(told(state).advice.empty());
    }
  }
  CHECK(told(ServerState::kNotAllowed).advice.find("--allow-url-target auth.example.com") != std::string::npos);
  const WhyFinding failed{WhyState::kFailed, "by its methods", "name them"};
  CHECK(with_server(failed, server, ServerState::kRefuses).detail == "by its methods");
}

TEST_CASE("a key's file that is not there is named") {
  const TemporaryFolder folder;
  Judged jwt(R"({"auth":{"jwt":{"secret":"key","algorithms":["HS256"]}}})");
  CHECK(jwt.says(WhyState::kFailed, "\"key\""));
  jwt.settings.secrets_folder = folder.file("");
  CHECK(jwt.says(WhyState::kFailed, "\"key\""));
  std::ofstream(folder.file("key")) << "secret\n";
  CHECK(jwt.says(WhyState::kGood, "the words"));
}

TEST_CASE("a project that may have no exchange is named") {
  Judged judged(R"({"auth":"public"})");
  RateRule rule;
  rule.closed = true;
  judged.effective.add_quota({&rule, "misha"});
  CHECK(judged.says(WhyState::kFailed, "429"));
}

TEST_CASE("more policies than are looked at are told as what they are, and not as somebody's deny") {
  Judged judged(R"({"auth":"public"})");
  std::vector<std::shared_ptr<const Policy>> others;
  for (size_t i = 1; i <= EffectivePolicy::kMostLayers; ++i) {
    CHECK(judged.says(WhyState::kGood, "the words"));
    others.push_back(load_policy(R"({"park":")" + std::to_string(i) + R"(s"})"));
    judged.effective.add(others.back().get());
  }
  CHECK(judged.says(WhyState::kFailed, "more than 16 policies"));
}

TEST_CASE("a probe that only connects vouches for no protocol") {
  const WhyFinding good{WhyState::kGood, "port 1 accepts connections", {}};
  CHECK(with_protocol(good, OriginProtocol::kHttp).state == WhyState::kGood);
  CHECK(with_protocol(good, OriginProtocol::kHttp).detail ==
        "port 1 accepts connections; whether it speaks http, its origin_protocol, is not tried");
  CHECK(with_protocol(good, OriginProtocol::kHttps).state == WhyState::kWarning);
  CHECK(with_protocol(good, OriginProtocol::kH2c).detail.find("h2c") != std::string::npos);
  CHECK(with_protocol({WhyState::kFailed, "x", "y"}, OriginProtocol::kH2c).detail == "x");
}

}  // namespace
}  // namespace ingress::broker::admin
