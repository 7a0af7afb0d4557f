#include "broker/admin/browser_check.h"

#include <doctest/doctest.h>

namespace ingress::broker::admin {
namespace {

TEST_CASE("loopback names, addresses and given names are the admin's; what only looks so is not") {
  const HostList hosts({"admin.example.com"}, {"iterate.app"});
  for (const char* good : {"localhost", "LOCALHOST:80", "a.b.localhost", "localhost.", "127.0.0.1", "127.0.0.1:8481",
                           "10.1.2.3", "[::1]", "[2001:db8::1]:80", "Admin.Example.COM:443", "admin.example.com."}) {
    CHECK_MESSAGE(hosts.has(good, false), good);
    CHECK_MESSAGE(hosts.has(good, true), good);
  }
  for (const char* bad : {"localhost.evil.example", "evillocalhost.example", "127.0.0.1.evil.example",
                          "x.admin.example.com", "admin.example.com.evil", "1.2.3.4.5"}) {
    CHECK_MESSAGE(!hosts.has(bad, false), bad);
    CHECK_MESSAGE(!hosts.has(bad, true), bad);
  }
}

TEST_CASE("a name under a domain of the broker is a tenant's, on a laptop too") {
  const HostList hosts({}, {"localhost"});
  CHECK(hosts.has("localhost:8481", false));
  CHECK(hosts.has("127.0.0.1:8481", false));
  for (const char* name : {"4096__dev.localhost:8481", "dev.LOCALHOST", "a.b.localhost."}) {
    CHECK_MESSAGE(!hosts.has(name, false), name);
    CHECK_MESSAGE(hosts.has(name, true), name);
  }
}

TEST_CASE("on a Unix socket a program may make a name up, without a dot") {
  const HostList hosts({}, {});
  for (const char* name : {"admin", "unix", "", "evil-localhost", "[::1", "[x]"}) {
    CHECK_MESSAGE(hosts.has(name, true), name);
    CHECK_MESSAGE(!hosts.has(name, false), name);
  }
}

TEST_CASE("where a request comes from is what the browser says of it") {
  const auto elsewhere = [](http::Fields fields, bool unsaid = false) {
    fields.push_back({"Host", "127.0.0.1:8481"});
    return from_elsewhere(fields, unsaid);
  };
  CHECK_FALSE(elsewhere({{"Sec-Fetch-Site", "same-origin"}}));
  CHECK_FALSE(elsewhere({{"Sec-Fetch-Site", "none"}}));
  for (const char* site : {"cross-site", "same-site", "SAME-ORIGIN", "x"}) {
    CHECK_MESSAGE(elsewhere({{"Sec-Fetch-Site", site}}), site);
  }
  CHECK_FALSE(elsewhere({{"Origin", "http://127.0.0.1:8481"}}, true));
  CHECK_FALSE(elsewhere({{"Origin", "https://127.0.0.1:8481"}}, true));
  for (const char* origin :
       {"http://127.0.0.1", "http://127.0.0.1:3000", "null", "http://evil.example", "127.0.0.1:8481"}) {
    CHECK_MESSAGE(elsewhere({{"Origin", origin}}), origin);
  }
  CHECK(elsewhere({{"Sec-Fetch-Site", "same-origin"}, {"sec-fetch-site", "cross-site"}}));
  CHECK(elsewhere({{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-origin"}}));
  CHECK(elsewhere({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}}));
  CHECK_FALSE(elsewhere({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "same-origin"}}));
  CHECK(elsewhere({{"Origin", "http://127.0.0.1:8481"}, {"Origin", "http://evil.example"}}));
  CHECK(elsewhere({}, true));
  CHECK_FALSE(elsewhere({}, false));
}

}  // namespace
}  // namespace ingress::broker::admin
