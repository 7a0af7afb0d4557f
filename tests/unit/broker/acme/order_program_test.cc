#include "broker/acme/order_program.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace ingress::broker::acme {
namespace {

Settings settings() {
  Settings made;
  made.server = "https://ca.example/dir";
  made.email = "ops@example.com";
  made.dir = "/state";
  return made;
}

const Wanted kCustom{"www.example.com", {"www.example.com"}, Challenge::kHttp01, "misha", "x"};
const Wanted kDomain{"iterate.app", {"iterate.app", "*.iterate.app"}, Challenge::kDns01, "", ""};

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string line(const OrderProgram& order) {
  std::string text;
  for (const std::string& word : order.program.argv) text += (text.empty() ? "" : " ") + word;
  return text;
}

TEST_CASE("lego does HTTP-01 in the webroot") {
  const OrderProgram order = order_program(settings(), kCustom, "/webroot", {"TOKEN=secret"});
  CHECK(line(order) ==
        "lego --accept-tos --path /state/lego --server https://ca.example/dir --email ops@example.com --domains "
        "www.example.com --http --http.webroot /webroot run");
  CHECK(order.crt_path == "/state/lego/certificates/www.example.com.crt");
  CHECK(order.program.more_environment == std::vector<std::string>{"TOKEN=secret"});
  CHECK(order.program.withheld == "INGRESS_");
  CHECK(order.program.own_session);
}

TEST_CASE("lego does DNS-01 by its provider, with the operator's own words before the command") {
  Settings by_dns = settings();
  by_dns.dns = "exec";
  by_dns.resolver = "192.0.2.1:53";
  by_dns.ca_file = "/ca.pem";
  by_dns.lego_options = {"--key-type", "rsa2048"};
  const OrderProgram order = order_program(by_dns, kDomain, "/webroot", {});
  CHECK(line(order).ends_with(
      "--domains iterate.app --domains *.iterate.app --dns exec --dns.resolvers 192.0.2.1:53 --key-type rsa2048 run"));
  CHECK(has(order.program.more_environment, "LEGO_CA_CERTIFICATES=/ca.pem"));
}

TEST_CASE("the operator's program is told by variables what to get and where to put it") {
  Settings hooked = settings();
  hooked.hook = "/usr/local/bin/get";
  const OrderProgram order = order_program(hooked, kDomain, "/webroot", {"A=b"});
  CHECK(order.program.argv == std::vector<std::string>{"/usr/local/bin/get"});
  CHECK(order.crt_path == "/state/hook/iterate.app.crt");
  for (const char* entry :
       {"INGRESS_ACME_NAMES=iterate.app *.iterate.app", "INGRESS_ACME_CHALLENGE=dns-01",
        "INGRESS_ACME_CERT_FILE=/state/hook/iterate.app.crt", "INGRESS_ACME_KEY_FILE=/state/hook/iterate.app.key",
        "INGRESS_ACME_WEBROOT=/webroot", "A=b"}) {
    CHECK_MESSAGE(has(order.program.more_environment, entry), entry);
  }
}

TEST_CASE("a failure's reason is the last error and what follows it, on one line") {
  CHECK(reason_in("2026/01/01 [INFO] trying\nerror: one or more domains had a problem:\n[a.example] no luck\n\n") ==
        "error: one or more domains had a problem: [a.example] no luck");
  CHECK(reason_in("some words\n  the last line  \n") == "  the last line  ");
  CHECK(reason_in("\x1b[31merror: red\x1b[0m\r\n") == " [31merror: red [0m");
  CHECK(reason_in("") == "");
  CHECK(reason_in("\n \n") == "");
  CHECK(reason_in("error: " + std::string(5000, 'x')).size() == 600);
}

}  // namespace
}  // namespace ingress::broker::acme
