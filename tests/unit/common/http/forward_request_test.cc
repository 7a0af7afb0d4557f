#include <doctest/doctest.h>

#include <set>

#include "common/http/forward_rules.h"
#include "tests/unit/common/http/allocation_count.h"
#include "tests/unit/common/http/transcript.h"

namespace ingress::http::test {
namespace {

constexpr const char* kTraceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct Forwarding {
  Inbound inbound{"9.8.7.6", "https", "4096__misha.iterate.app", 443};
  RequestRules rules{.target_port = 4096};
  bool upgrade = false;
  RandomIds ids;
  Scratch scratch;
  Fields out;
  Pairs last;  // of the last call
  RequestIds told;

  Pairs operator()(const Pairs& fields) {
    RequestHead head;
    head.method = "GET";
    head.target = "/";
    head.fields = to_fields(fields);
    scratch.clear();
    told = forward_request_fields(head, upgrade, inbound, rules, ids, scratch, out);
    last = to_pairs(out);
    return last;
  }
  // Without what is added to every request that brings its own ids.
  Pairs kept(Pairs fields) {
    fields.emplace_back("traceparent", kTraceparent);
    fields.emplace_back("X-Request-Id", "r");
    Pairs all = (*this)(fields);
    const Pairs end = {{"X-Forwarded-For", "9.8.7.6"},
                       {"X-Forwarded-Host", "4096__misha.iterate.app"},
                       {"X-Forwarded-Proto", "https"},
                       {"X-Forwarded-Port", "443"},
                       {"X-Iterate-Proxy-Via", "4096__misha.iterate.app"}};
    REQUIRE(all.size() >= end.size() + 2);
    CHECK(Pairs(all.end() - 5, all.end()) == end);
    all.resize(all.size() - 5);
    std::erase_if(all, [](const auto& pair) { return pair.first == "traceparent" || pair.first == "X-Request-Id"; });
    return all;
  }
};

std::string value_of(const Pairs& pairs, std::string_view name) {
  std::string all;
  for (const auto& [field, value] : pairs) {
    if (iequals(field, name)) all += (all.empty() ? "" : "&") + value;
  }
  return all;
}

TEST_CASE("end-to-end fields pass unchanged, in their order, case and number") {
  Forwarding forward;
  const Pairs fields = {{"hOSt", "x"},
                        {"Accept", "a"},
                        {"x-B", ""},
                        {"X-b", "2"},
                        {"accept", "c"},
                        {"Cookie", "a=b"},
                        {"TRAILER", "t"},
                        {"Content-Length", "5"},
                        {"Expect", "100-continue"},
                        {"Authorization", "Basic x"},
                        {"X_Other", "y"},
                        {"X-Forward", "z"},
                        {"Content_Length", "6"},
                        {"Max-Forwards", "1"}};
  Pairs expected = fields;
  expected[0].second = "localhost:4096";
  CHECK(forward.kept(fields) == expected);
}

TEST_CASE("the Host is rewritten in its place, kept, or added") {
  Forwarding forward;
  CHECK(forward.kept({{"A", "1"}, {"Host", "b"}, {"C", "2"}}) ==
        Pairs{{"A", "1"}, {"Host", "localhost:4096"}, {"C", "2"}});
  CHECK(forward.kept({{"A", "1"}}) == Pairs{{"A", "1"}, {"Host", "localhost:4096"}});
  forward.rules.host = HostMode::kPreserve;
  // The authority of an absolute-form target comes first (RFC 9112, 3.2.2).
  CHECK(forward.kept({{"Host", "other"}}) == Pairs{{"Host", "4096__misha.iterate.app"}});
}

TEST_CASE("hop-by-hop fields end here") {
  Forwarding forward;
  CHECK(forward.kept({{"Host", "a"},
                      {"Connection", "keep-alive"},
                      {"Keep-Alive", "timeout=5"},
                      {"Proxy-Connection", "keep-alive"},
                      {"Proxy-Authenticate", "x"},
                      {"Proxy-Authorization", "x"},
                      {"transfer-encoding", "chunked"},
                      {"Transfer_Encoding", "chunked"},
                      {"Upgrade", "websocket"},
                      {"HTTP2-Settings", "x"},
                      {"TE", "gzip"},
                      {"A", "1"}}) == Pairs{{"Host", "localhost:4096"}, {"A", "1"}});
}

TEST_CASE("TE passes as trailers, once") {
  Forwarding forward;
  CHECK(forward.kept({{"Host", "a"}, {"te", "gzip, Trailers"}, {"TE", "trailers"}, {"Connection", "TE"}}) ==
        Pairs{{"Host", "localhost:4096"}, {"te", "trailers"}});
}

TEST_CASE("what Connection names is dropped, but Host and Content-Length are not") {
  Forwarding forward;
  CHECK(forward.kept({{"Host", "a"},
                      {"X-Hop", "1"},
                      {"Connection", "close, x-hop ,, Content-Length"},
                      {"Content-Length", "5"},
                      {"connection", "HOST, X-Other"},
                      {"x-HOP", "2"},
                      {"X-Other", "3"},
                      {"X-Stays", "4"}}) ==
        Pairs{{"Host", "localhost:4096"}, {"Content-Length", "5"}, {"X-Stays", "4"}});
  // What the proxy sets can't be named away, and ids that were are begun anew.
  const Pairs out = forward({{"Connection", "X-Forwarded-For, traceparent, X-Request-Id"},
                             {"traceparent", kTraceparent},
                             {"X-Request-Id", "r"}});
  CHECK(value_of(out, "X-Forwarded-For") == "9.8.7.6");
  CHECK(value_of(out, "traceparent") != kTraceparent);
  CHECK(value_of(out, "X-Request-Id").size() == 32);
}

TEST_CASE("an Upgrade passes where it is wanted, and never to h2c") {
  Forwarding forward;
  forward.upgrade = true;
  CHECK(forward.kept({{"Host", "a"}, {"Connection", "Upgrade"}, {"Upgrade", "websocket"}}) ==
        Pairs{{"Host", "localhost:4096"}, {"Upgrade", "websocket"}});
  const auto upgrade = [&forward](const std::string& value) {
    const Pairs kept = forward.kept({{"Host", "a"}, {"Connection", "Upgrade"}, {"Upgrade", value}});
    return kept.size() == 1 ? "none" : kept.at(1).second;
  };
  CHECK(upgrade("H2C") == "none");
  CHECK(upgrade("h2c/1, H2C") == "none");
  CHECK(upgrade("websocket, h2c") == "websocket");
  CHECK(upgrade("h2c,websocket") == "websocket");
  CHECK(upgrade("a/1 , h2c,, b") == "a/1, b");
  CHECK(upgrade("a,b") == "a,b");
  CHECK(upgrade("h2cx") == "h2cx");
}

TEST_CASE("what only a trusted proxy may say is never passed on from a client, in any spelling") {
  Forwarding forward;
  for (const std::string name : {"Forwarded",
                                 "X-Real-IP",
                                 "X_Real_IP",
                                 "x-real_ip",
                                 "X-Forwarded",
                                 "X-Forwarded-For",
                                 "X_Forwarded_For",
                                 "X-Forwarded_Host",
                                 "X-Forwarded-Proto",
                                 "X-Forwarded-Port",
                                 "X-Forwarded-Server",
                                 "X-Forwarded-Prefix",
                                 "X-Forwarded-User",
                                 "X_FORWARDED_EMAIL",
                                 "X-Forwarded-Groups",
                                 "X-Forwarded-Preferred-Username",
                                 "X-Forwarded-Access-Token",
                                 "X-Iterate-Proxy-Target-Host",
                                 "X_Iterate_Proxy_Target_Host",
                                 "X-Iterate-Project-Ingress-Secret",
                                 "x-iterate-proxy-via",
                                 "X-Iterate-Error",
                                 "Remote-User",
                                 "REMOTE_USER",
                                 "Remote-Name",
                                 "Remote-Email",
                                 "Remote-Groups",
                                 "X-Remote-User",
                                 "X_Remote_Group",
                                 "X-Auth-Request-User",
                                 "X_Auth_Request_Email",
                                 "X-Authenticated-User",
                                 "X_Authenticated_Groups",
                                 "X_Request_Id",
                                 "Keep_Alive",
                                 "Proxy_Authorization",
                                 "HTTP2_Settings"}) {
    CAPTURE(name);
    CHECK(forward.kept({{"Host", "a"}, {name, "evil"}}) == Pairs{{"Host", "localhost:4096"}});
  }
}

TEST_CASE("a same-site Origin and Referer are rewritten where that is asked for") {
  Forwarding forward;
  const auto origin = [&forward](const std::string& value) { return value_of(forward({{"Origin", value}}), "Origin"); };
  const auto referer = [&forward](const std::string& value) {
    return value_of(forward({{"Referer", value}}), "Referer");
  };
  CHECK(origin("https://4096__misha.iterate.app") == "https://4096__misha.iterate.app");
  forward.rules.origin = OriginMode::kRewrite;
  CHECK(origin("https://4096__Misha.iterate.app") == "http://localhost:4096");
  CHECK(origin("HTTPS://4096__misha.iterate.app:443") == "http://localhost:4096");
  CHECK(origin("https://4096__misha.iterate.app:8443") == "https://4096__misha.iterate.app:8443");
  CHECK(origin("http://4096__misha.iterate.app") == "http://4096__misha.iterate.app");
  CHECK(origin("https://evil.example") == "https://evil.example");
  CHECK(origin("https://4096__misha.iterate.app.evil.example") == "https://4096__misha.iterate.app.evil.example");
  CHECK(origin("https://4096__misha.iterate.app@evil.example") == "https://4096__misha.iterate.app@evil.example");
  CHECK(origin("null") == "null");
  CHECK(referer("https://4096__misha.iterate.app/a?b=c") == "http://localhost:4096/a?b=c");
  CHECK(referer("https://4096__misha.iterate.app") == "http://localhost:4096");
  CHECK(referer("https://evil.example/https://4096__misha.iterate.app/") ==
        "https://evil.example/https://4096__misha.iterate.app/");
  forward.inbound.host = "a.dev.localhost:8443";
  forward.inbound.port = 8443;
  CHECK(origin("https://a.dev.localhost:8443") == "http://localhost:4096");
  CHECK(origin("https://a.dev.localhost") == "https://a.dev.localhost");
}

TEST_CASE("a good traceparent passes, every other is replaced") {
  Forwarding forward;
  const auto trace = [&forward](const std::string& value) {
    return value_of(forward({{"Traceparent", value}, {"tracestate", "a=b"}}), "traceparent");
  };
  const std::string later = "cc" + std::string(kTraceparent).substr(2);
  for (const std::string& good : {std::string(kTraceparent), later, later + "-more"}) {
    CAPTURE(good);
    CHECK(trace(good) == good);
    CHECK(value_of(forward.last, "tracestate") == "a=b");
  }
  const std::string base = kTraceparent;
  const std::string zeros32(32, '0'), zeros16(16, '0');
  for (const std::string& bad :
       {std::string(), std::string("x"), base + "-x", base + "0", later + "x", "ff" + base.substr(2),
        "0G" + base.substr(2), "00-" + zeros32 + base.substr(35), base.substr(0, 36) + zeros16 + "-01",
        base.substr(0, 53) + "0G", "00-0AF7651916CD43DD8448EB211C80319C" + base.substr(35),
        base.substr(0, 35) + "_" + base.substr(36), "00_" + base.substr(3), base.substr(0, 52) + "_01",
        base.substr(0, 54)}) {
    CAPTURE(bad);
    const std::string begun = trace(bad);
    CHECK(begun != bad);
    CHECK(begun.size() == base.size());
    CHECK(begun.starts_with("00-"));
    CHECK(begun.ends_with("-01"));
    CHECK(value_of(forward.last, "tracestate").empty());
    // What we begin is good itself.
    CHECK(trace(begun) == begun);
  }
  CHECK(value_of(forward({{"traceparent", kTraceparent}, {"traceparent", later}}), "traceparent") == kTraceparent);
}

TEST_CASE("the ids that a request goes on with are told, its own and those that are begun") {
  Forwarding forward;
  const Pairs own = {{"traceparent", kTraceparent}, {"X-Request-Id", "mine"}};
  forward(own);
  CHECK(forward.told.trace_id == "0af7651916cd43dd8448eb211c80319c");
  CHECK(forward.told.request_id == "mine");
  for (const Pairs& fields :
       {Pairs{}, Pairs{{"traceparent", "00-x"}, {"X-Request-Id", ""}},
        Pairs{{"Connection", "traceparent, X-Request-Id"}, {"traceparent", kTraceparent}, {"X-Request-Id", "mine"}}}) {
    forward(fields);
    CHECK(forward.told.trace_id == value_of(forward.last, "traceparent").substr(3, 32));
    CHECK(forward.told.request_id == value_of(forward.last, "X-Request-Id"));
    CHECK(forward.told.request_id.size() == 32);
  }
}

TEST_CASE("a client's own ids are read where they are good, the first of two") {
  const auto ids = [](const Pairs& fields) {
    const RequestIds found = ids_of(to_fields(fields));
    return std::pair(std::string(found.trace_id), std::string(found.request_id));
  };
  CHECK(ids({{"TraceParent", kTraceparent}}).first == "0af7651916cd43dd8448eb211c80319c");
  CHECK(ids({{"traceparent", "bad"}, {"traceparent", kTraceparent}}).first.size() == 32);
  CHECK(ids({{"x-request-id", "a"}, {"X-Request-Id", "b"}}).second == "a");
  CHECK(ids({{"X-Request-Id", "a b"}}).second.empty());
  CHECK(ids({}).first.empty());
}

TEST_CASE("a sane X-Request-Id passes, every other is replaced") {
  Forwarding forward;
  const auto id = [&forward](const std::string& value) {
    return value_of(forward({{"x-request-id", value}}), "X-Request-Id");
  };
  CHECK(id("abc-123") == "abc-123");
  CHECK(id(std::string(128, 'a')) == std::string(128, 'a'));
  for (const std::string& bad :
       {std::string(), std::string(129, 'a'), std::string("a b"), std::string("a\tb"), std::string("\xc3\xa9")}) {
    CHECK(id(bad).size() == 32);
    CHECK(id(bad) != bad);
  }
  CHECK(value_of(forward({{"X-Request-Id", "a"}, {"X-Request-Id", "b"}}), "X-Request-Id") == "a");
}

TEST_CASE("ids do not come twice") {
  RandomIds ids, others;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(ids.next());
    seen.insert(others.next());
  }
  CHECK(seen.size() == 2000);
}

TEST_CASE("text in the scratch stays where it is until it is cleared, and its memory is kept") {
  Scratch scratch;
  const std::string large(10000, 'l');
  const std::string_view first = scratch.add("first");
  const std::string_view joined = scratch.add({"a", "", "b", large});
  std::vector<std::string_view> more;
  more.reserve(2000);
  for (int i = 0; i < 2000; ++i) more.push_back(scratch.add({"text ", std::to_string(i)}));
  CHECK(first == "first");
  CHECK(joined == "ab" + large);
  for (int i = 0; i < 2000; ++i) CHECK(more[static_cast<size_t>(i)] == "text " + std::to_string(i));
  CHECK(scratch.add("").empty());
  scratch.clear();
  const std::string_view small = "small";
  const size_t before = allocation_count();
  for (int i = 0; i < 2000; ++i) scratch.add({small, small});
  CHECK(allocation_count() == before);
}

TEST_CASE("forwarding allocates nothing in steady state") {
  Forwarding forward;
  forward.rules.origin = OriginMode::kRewrite;
  RequestHead head;
  head.fields = {
      {"Host", "a"}, {"Origin", "https://4096__misha.iterate.app"}, {"Connection", "keep-alive, x"}, {"X", "1"}};
  const auto once = [&forward, &head] {
    forward.scratch.clear();
    forward_request_fields(head, false, forward.inbound, forward.rules, forward.ids, forward.scratch, forward.out);
  };
  once();
  const size_t before = allocation_count();
  for (int i = 0; i < 100; ++i) once();
  CHECK(allocation_count() == before);
  CHECK(forward.out.size() == 9);
}

}  // namespace
}  // namespace ingress::http::test
