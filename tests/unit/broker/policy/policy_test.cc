#include "broker/policy/policy.h"

#include <doctest/doctest.h>

#include "broker/policy/effective_policy.h"

namespace ingress::broker {
namespace {

Policy parsed(std::string_view text) {
  std::string problem;
  const Result<Policy> policy = parse_policy(text, problem);
  REQUIRE_MESSAGE(policy.has_value(), problem);
  return *policy;
}

std::string refused(std::string_view text) {
  std::string problem;
  const Result<Policy> policy = parse_policy(text, problem);
  REQUIRE_FALSE(policy.has_value());
  CHECK(policy.error().code == ErrorCode::kInvalidArgument);
  return problem;
}

TEST_CASE("a key of a set whose kind is no string, or that is shared, is refused") {
  const auto with_kind = [](const std::string& kind) {
    return R"({"auth":{"jwt":{"jwks":{"keys":[{"kty":)" + kind + R"(,"n":"x"}]}}}})";
  };
  for (const char* kind : {"1", "null", "[]", "{}", "true", "\"oct\""}) {
    CAPTURE(kind);
    CHECK(refused(with_kind(kind)).find("public keys alone") != std::string::npos);
    CHECK(load_policy(with_kind(kind)) == nullptr);
  }
  CHECK(parsed(with_kind("\"RSA\"")).auth.has_value());
}

TEST_CASE("whatever stands where a policy's key has something else is refused or read, and nothing is thrown") {
  const std::vector<std::string> values = {"1",  "-1",   "1.5",  "null", "true",      "\"x\"",
                                           "[]", "[[]]", "[{}]", "{}",   "{\"a\":1}", "18446744073709551615"};
  const std::vector<std::string> places = {R"({"auth":@})",
                                           R"({"auth":[@]})",
                                           R"({"auth":{"basic":@}})",
                                           R"({"auth":{"basic":{"users":{"a":@}}}})",
                                           R"({"auth":{"bearer":{"tokens":@}}})",
                                           R"({"auth":{"jwt":@}})",
                                           R"({"auth":{"jwt":{"jwks":{"keys":@}}}})",
                                           R"({"auth":{"jwt":{"jwks":{"keys":[@]}}}})",
                                           R"({"auth":{"jwt":{"claims":@,"secret":"s"}}})",
                                           R"({"auth":{"jwt":{"claims":{"c":@},"secret":"s"}}})",
                                           R"({"auth":{"forward":{"url":@}}})",
                                           R"({"rate":@})",
                                           R"({"rate":{"streams":@}})",
                                           R"({"rate":{"per":@}})",
                                           R"({"max_body":@})",
                                           R"({"timeouts":{"idle":@}})",
                                           R"({"request_headers":{"set":{"X-A":@}}})",
                                           R"({"request_headers":{"remove":@}})",
                                           R"({"methods":[@]})",
                                           R"({"ip_allow":@})",
                                           R"({"park":@})",
                                           R"({"wake":@})",
                                           R"({"profile":@})",
                                           R"({"strip_prefix":@})",
                                           "@"};
  for (const std::string& place : places) {
    for (const std::string& value : values) {
      std::string text = place;
      text.replace(text.find('@'), 1, value);
      CAPTURE(text);
      std::string problem;
      const Result<Policy> policy = parse_policy(text, problem);
      CHECK(policy.has_value() == problem.empty());
      load_policy(text);
      CHECK_FALSE(without_secrets(text).empty());
    }
  }
}

TEST_CASE("an empty policy sets nothing") {
  const Policy policy = parsed("{}");
  CHECK_FALSE(policy.host.has_value());
  CHECK_FALSE(policy.origin.has_value());
  CHECK_FALSE(policy.auth.has_value());
  CHECK_FALSE(parsed(" { } ").host.has_value());
}

TEST_CASE("each key is read") {
  const Policy policy = parsed(R"({"host":"preserve","origin":"rewrite","auth":"deny"})");
  CHECK(policy.host == http::HostMode::kPreserve);
  CHECK(policy.origin == http::OriginMode::kRewrite);
  CHECK(policy.auth->is(Auth::kDeny));
  CHECK(parsed(R"({"host":"rewrite"})").host == http::HostMode::kRewrite);
  CHECK(parsed(R"({"origin":"preserve"})").origin == http::OriginMode::kPreserve);
  CHECK(parsed(R"({"auth":"public"})").auth->is(Auth::kPublic));
}

TEST_CASE("a profile is a bundle, and a key beside it wins whatever the order") {
  for (const std::string name : {"vite", "django", "jupyter"}) {
    const Policy policy = parsed("{\"profile\":\"" + name + "\"}");
    CHECK(policy.host == http::HostMode::kRewrite);
    CHECK(policy.origin == http::OriginMode::kRewrite);
  }
  const Policy next = parsed(R"({"profile":"next"})");
  CHECK(next.host == http::HostMode::kPreserve);
  CHECK(next.origin == http::OriginMode::kPreserve);
  CHECK(parsed(R"({"host":"preserve","profile":"vite"})").host == http::HostMode::kPreserve);
  CHECK(parsed(R"({"profile":"vite","host":"preserve"})").origin == http::OriginMode::kRewrite);
}

TEST_CASE("what a profile sets is told as the keys that would set it") {
  for (const std::string name : {"vite", "django", "jupyter", "next", "code-server", "rstudio", "grpc"}) {
    CAPTURE(name);
    std::string text;
    for (const KeyWord& each : keys_of_profile(name)) {
      text += (text.empty() ? "{\"" : ",\"") + each.key + "\":\"" + std::string(each.word) + "\"";
    }
    const Policy told = parsed(text + "}");
    const Policy policy = parsed("{\"profile\":\"" + name + "\"}");
    CHECK(told.host == policy.host);
    CHECK(told.origin == policy.origin);
    CHECK(told.origin_protocol == policy.origin_protocol);
  }
  CHECK(keys_of_profile("rails").empty());
}

TEST_CASE("what the origin speaks is a key, and the bundle of grpc says HTTP/2") {
  CHECK(parsed(R"({"origin_protocol":"h2c"})").origin_protocol == OriginProtocol::kH2c);
  CHECK(parsed(R"({"origin_protocol":"http"})").origin_protocol == OriginProtocol::kHttp);
  CHECK(!parsed("{}").origin_protocol);
  const Policy grpc = parsed(R"({"profile":"grpc"})");
  CHECK(grpc.origin_protocol == OriginProtocol::kH2c);
  CHECK(grpc.host == http::HostMode::kRewrite);
  CHECK(grpc.origin == http::OriginMode::kPreserve);
}

TEST_CASE("unknown keys, words and forms are refused with a sentence") {
  CHECK(refused(R"({"hots":"preserve"})")
            .starts_with("policy key \"hots\" is not known: it is one of host, origin, origin_protocol, profile, auth, "
                         "park, wake, methods"));
  CHECK(refused(R"({"auth":"friends"})")
            .starts_with("policy key \"auth\" cannot be \"friends\": it is one of public, deny, share"));
  CHECK(refused(R"({"profile":"rails"})").find("vite, django, jupyter, next, code-server, rstudio, grpc") !=
        std::string::npos);
  CHECK(refused(R"({"origin_protocol":"h3"})") ==
        "policy key \"origin_protocol\" cannot be \"h3\": it is one of http, h2c, https");
  CHECK_FALSE(refused(R"({"host":1})").empty());
  CHECK_FALSE(refused(R"({"host":null})").empty());
  CHECK_FALSE(refused(R"({"auth":[]})").empty());
  CHECK_FALSE(refused(R"({"auth":["public",7]})").empty());
  for (const std::string_view bad : {"", "[]", "null", "\"x\"", "{", "{}x", "{\"host\":\"preserve\"", "\xff"}) {
    CAPTURE(bad);
    CHECK_FALSE(refused(bad).empty());
  }
}

TEST_CASE("how long a request waits is a duration of up to a week, and none may be said") {
  CHECK(parsed(R"({"park":"1500ms"})").park == std::chrono::milliseconds(1500));
  CHECK(parsed(R"({"park":"7d"})").park == std::chrono::hours(24 * 7));
  CHECK(parsed(R"({"park":"0s"})").park == std::chrono::seconds(0));
  CHECK_FALSE(parsed("{}").park.has_value());
  for (const std::string bad : {"8d", "10", "-1s", "", "soon"}) {
    CAPTURE(bad);
    CHECK(refused("{\"park\":\"" + bad + "\"}").find("a duration such as 30s") != std::string::npos);
  }
  CHECK_FALSE(refused(R"({"park":30})").empty());
}

TEST_CASE("what wakes a machine is a URL, and can be switched off nearer than where it was set") {
  const Policy far = parsed(R"({"wake":"https://hooks.example.com/wake?x=1"})");
  CHECK(far.wake == "https://hooks.example.com/wake?x=1");
  CHECK_FALSE(parsed("{}").wake.has_value());
  CHECK(parsed(R"({"wake":"off"})").wake == "");
  for (const std::string bad : {"", "ftp://a.com/", "https://", "https://user:secret@a.com/", "https://a.com/#x",
                                "https://a.com/a b", "a.com/wake", "https://a.com:70000/"}) {
    CAPTURE(bad);
    CHECK(refused("{\"wake\":\"" + bad + "\"}").find("URL of a webhook") != std::string::npos);
  }
}

TEST_CASE("no bytes in a second is no rate, but what an earlier version took still holds") {
  constexpr const char* kZero = R"({"auth":"deny","rate":{"bytes_per_second":0}})";
  CHECK(refused(kZero) == "policy key \"rate.bytes_per_second\" is a number of bytes above 0");
  CHECK_FALSE(refused(R"({"rate":{"bytes_per_second":"0"}})").empty());
  CHECK(parsed(R"({"rate":{"bytes_per_second":"1k"}})").rate->bytes_per_second == 1024);
  const auto kept = load_policy(kZero);
  REQUIRE(kept != nullptr);
  CHECK(kept->auth->is(Auth::kDeny));
  CHECK(kept->rate->bytes_per_second == 0);
}

TEST_CASE("a way in that tells who asks is looked at where a nearer one lets everybody in too") {
  const auto open = load_policy(R"({"auth":"public"})");
  const auto judged = [&open](const char* json) {
    const auto far = load_policy(json);
    EffectivePolicy policy;
    policy.add(open.get());
    policy.next_level();
    policy.add(far.get());
    CHECK(policy.is_public());
    return !policy.plain();
  };
  CHECK(judged(R"({"auth":{"jwt":{"secret":"hs","claim_headers":{"sub":"X-User"}}}})"));
  CHECK(judged(R"({"auth":{"forward":{"url":"http://a.example/","response_headers":["X-User"]}}})"));
  CHECK_FALSE(judged(R"({"auth":{"jwt":{"secret":"hs"}}})"));
}

}  // namespace
}  // namespace ingress::broker
