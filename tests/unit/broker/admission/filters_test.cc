#include "broker/admission/filters.h"

#include "tests/unit/broker/admission/asked_fixture.h"

namespace ingress::broker {
namespace {

struct Filtered : AskedFixture {
  ErrorCode code(const char* nearest, const char* enforced = "{}") {
    const auto below = load_policy(nearest);
    const auto above = load_policy(enforced);
    EffectivePolicy policy;
    policy.enforce(above.get());
    policy.add(below.get());
    const auto refused = filter(policy, asked);
    return refused ? refused->error.code : ErrorCode::kClosed;
  }
};

constexpr ErrorCode kIn = ErrorCode::kClosed;

TEST_CASE_FIXTURE(Filtered, "an address is in where it is allowed and not denied, by both policies") {
  CHECK(code("{}") == kIn);
  CHECK(code(R"({"ip_allow":["192.0.2.0/24"]})") == kIn);
  CHECK(code(R"({"ip_allow":["198.51.100.0/24"]})") == ErrorCode::kForbidden);
  CHECK(code(R"({"ip_allow":["192.0.2.0/24"],"ip_deny":["192.0.2.7"]})") == ErrorCode::kForbidden);
  CHECK(code(R"({"ip_allow":["0.0.0.0/0"]})", R"({"ip_allow":["10.0.0.0/8"]})") == ErrorCode::kForbidden);
  CHECK(code(R"({"ip_deny":[]})", R"({"ip_deny":["192.0.2.7"]})") == ErrorCode::kForbidden);
  asked.client_ip = "::ffff:192.0.2.7";
  CHECK(code(R"({"ip_deny":["192.0.2.7"]})") == ErrorCode::kForbidden);
  asked.client_ip = "not an address";
  CHECK(code(R"({"ip_allow":["0.0.0.0/0","::/0"]})") == ErrorCode::kForbidden);
}

TEST_CASE_FIXTURE(Filtered, "methods are those of both policies") {
  CHECK(code(R"({"methods":["GET"]})") == kIn);
  CHECK(code(R"({"methods":["GET","POST"]})", R"({"methods":["POST"]})") == ErrorCode::kForbidden);
  head.method = "get";
  CHECK(code(R"({"methods":["GET"]})") == ErrorCode::kForbidden);
}

TEST_CASE_FIXTURE(Filtered, "what equals restrict holds together, and a nearer level alone") {
  const auto wide = load_policy(R"({"ip_allow":["0.0.0.0/0"],"ip_deny":[],"methods":["GET","PUT"],"max_body":9})");
  const auto allow = load_policy(R"({"ip_allow":["10.0.0.0/8"]})");
  const auto deny = load_policy(R"({"ip_deny":["192.0.2.7"]})");
  const auto methods = load_policy(R"({"methods":["PUT"]})");
  const auto most = load_policy(R"({"max_body":4})");
  const auto passes = [this, &wide](const auto& other, bool nearer) {
    EffectivePolicy policy;
    policy.add(wide.get());
    if (nearer) policy.next_level();
    policy.add(other.get());
    return !filter(policy, asked) && max_body_of(policy) == 9;
  };
  for (const auto& other : {allow, deny, methods, most}) {
    CAPTURE(other->text);
    CHECK_FALSE(passes(other, false));
    CHECK(passes(other, true));
  }
}

TEST_CASE_FIXTURE(Filtered, "a body that says it is too long is refused before it comes") {
  head.fields.push_back({"content-length", "11"});
  CHECK(code(R"({"max_body":11})") == kIn);
  CHECK(code(R"({"max_body":10})") == ErrorCode::kBodyTooLarge);
  CHECK(code(R"({"max_body":"1m"})", R"({"max_body":5})") == ErrorCode::kBodyTooLarge);
}

}  // namespace
}  // namespace ingress::broker
