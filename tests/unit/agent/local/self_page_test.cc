#include "agent/local/self_page.h"

#include <doctest/doctest.h>

using namespace ingress;
using namespace ingress::agent;

namespace {

http::RequestHead head(std::string_view target, std::string_view host, std::string_view method = "GET") {
  http::RequestHead made;
  made.method = method;
  made.target = target;
  made.fields = {{"Host", host}};
  return made;
}

}  // namespace

TEST_CASE("who works in the machine is shown the agent's own page") {
  for (const char* host :
       {"localhost", "localhost:8080", "LocalHost:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080"}) {
    CAPTURE(host);
    CHECK(asks_for_self(head("/_ingress/", host), "127.0.0.1"));
    CHECK(asks_for_self(head("/_ingress/?format=json", host, "HEAD"), "::1"));
  }
}

TEST_CASE("nobody else is, whatever the request says of itself") {
  for (const char* host :
       {"", "misha.iterate.app", "localhost.evil.com", "localhost.", "127.0.0.2", "127.0.0.1.evil.com", "[::1].evil",
        "[::2]", "::1", "localhost:", "localhost:x", "localhost:80:80", "8080"}) {
    CAPTURE(host);
    CHECK_FALSE(asks_for_self(head("/_ingress/", host), "127.0.0.1"));
  }
  CHECK_FALSE(asks_for_self(head("/_ingress/", "localhost"), "10.0.0.7"));
  CHECK_FALSE(asks_for_self(head("/_ingress/", "localhost"), "::ffff:10.0.0.7"));
  CHECK_FALSE(asks_for_self(head("/_ingress/", "localhost", "POST"), "127.0.0.1"));
  for (const char* target : {"/", "/_ingress", "/_ingress/x", "//_ingress/", "/_INGRESS/", "/%5fingress/",
                             "/./_ingress/", "http://localhost/_ingress/"}) {
    CAPTURE(target);
    CHECK_FALSE(asks_for_self(head(target, "localhost"), "127.0.0.1"));
  }
  http::RequestHead without = head("/_ingress/", "localhost");
  without.fields.clear();
  CHECK_FALSE(asks_for_self(without, "127.0.0.1"));
}

TEST_CASE("a request that was passed on, or is for a port, is not") {
  for (const char* name :
       {"X-Iterate-Proxy-Target-Host", "x-iterate-project-ingress-secret", "X-Forwarded-For", "X-Forwarded-Host",
        "Forwarded", "Via", "X-Real-IP", "X-Iterate-Proxy-Via", "X_Forwarded_For", "x_forwarded-host", "X_Real_IP",
        "X-Real_IP", "X_Iterate_Proxy_Target_Host"}) {
    CAPTURE(name);
    http::RequestHead passed_on = head("/_ingress/", "localhost");
    passed_on.fields.push_back({name, ""});
    CHECK_FALSE(asks_for_self(passed_on, "127.0.0.1"));
  }
}

TEST_CASE("JSON is for who asks for it") {
  CHECK(wants_json(head("/_ingress/?format=json", "localhost")));
  CHECK(wants_json(head("/_ingress/?a=b&format=json", "localhost")));
  CHECK(wants_json(head("/_ingress/?format=json&a=b", "localhost")));
  for (const char* target :
       {"/_ingress/?format=text", "/_ingress/?xformat=json", "/_ingress/?format=jsonx", "/_ingress/?"}) {
    CAPTURE(target);
    CHECK_FALSE(wants_json(head(target, "localhost")));
  }
  http::RequestHead by_accept = head("/_ingress/", "localhost");
  CHECK_FALSE(wants_json(by_accept));
  by_accept.fields.push_back({"Accept", ""});
  for (const char* accept : {"application/json", "application/json, */*", "text/html, application/json",
                             "Application/JSON;q=0.5, text/*;q=0.1", "application/json, text/plain, */*",
                             "text/plain;q=0, application/json;q=0.001"}) {
    CAPTURE(accept);
    by_accept.fields.back().value = accept;
    CHECK(wants_json(by_accept));
  }
  for (const char* accept : {"*/*", "", "application/json;q=0", "application/json;q=0.5, text/plain",
                             "application/jsonx", "application/json;q=0.1, */*", "text/html", "application/*"}) {
    CAPTURE(accept);
    by_accept.fields.back().value = accept;
    CHECK_FALSE(wants_json(by_accept));
  }
  by_accept.fields = {{"Host", "localhost"}, {"Accept", "text/html"}, {"Accept", "application/json"}};
  CHECK(wants_json(by_accept));
}
