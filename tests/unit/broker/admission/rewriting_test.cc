#include "broker/admission/rewriting.h"

#include "tests/unit/broker/admission/asked_fixture.h"

namespace ingress::broker {
namespace {

std::string text_of(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) text += std::string(field.name) + ": " + std::string(field.value) + "\n";
  return text;
}

struct Rewriting : AskedFixture {
  Resolution found;
  Terms terms;
  http::Scratch scratch;
  std::shared_ptr<const Policy> policy;

  void plan(const char* json, std::string_view target) {
    policy = load_policy(json);
    REQUIRE(policy != nullptr);
    found.clear();
    found.machine = "m1";
    found.port = 3000;
    found.policy.add(policy.get());
    found.path.set(target);
    asked.target = target;
    terms = Terms();
    refused = plan_rewriting(found, asked, terms).has_value();
  }
  std::string answer(http::Fields fields) {
    rewrite_answer(terms, true, asked.host, scratch, fields);
    return text_of(fields);
  }
  bool refused = false;
};

TEST_CASE_FIXTURE(Rewriting, "a prefix goes whole segment by segment, and comes back in what the origin names") {
  plan(R"({"strip_prefix":"/app"})", "/app/x?y=/app");
  CHECK(terms.target == "/x?y=/app");
  CHECK(terms.stripped_prefix == "/app");
  plan(R"({"strip_prefix":"/app"})", "/application");
  CHECK(terms.target.empty());
  CHECK(terms.stripped_prefix.empty());
  plan(R"({"strip_prefix":"/app"})", "//%61pp//x");
  CHECK(terms.target == "//x");
  plan(R"({"strip_prefix":"/app"})", "/app/..");
  CHECK(refused);
  plan(R"({"strip_prefix":"/app"})", "/app");
  CHECK(terms.target == "/");
  CHECK(answer({{"Location", "/login"}}) == "Location: /app/login\n");
  CHECK(answer({{"location", "https://misha.iterate.app"}}) == "location: https://misha.iterate.app/app/\n");
  CHECK(answer({{"Location", "https://misha.iterate.app:1/x"}}) == "Location: https://misha.iterate.app:1/x\n");
  CHECK(answer({{"Location", "relative"}}) == "Location: relative\n");
  CHECK(answer({{"Set-Cookie", "a=/; path = /x ; Secure"}}) == "Set-Cookie: a=/; Path=/app/x ; Secure\n");
}

TEST_CASE_FIXTURE(Rewriting, "fields are taken off, set and added, in that order") {
  plan(R"({"request_headers":{"remove":["X-Old"],"set":{"X-A":"{client_ip}"},"add":{"X-B":"2"}}})", "/");
  http::Fields fields = {{"X_old", "1"}, {"x-a", "spoof"}, {"X_A", "spoof"},
                         {"X-B", "1"},   {"X_B", "spoof"}, {"Y", "z"}};
  rewrite_request(terms, scratch, fields);
  CHECK(text_of(fields) == "X-B: 1\nY: z\nX-A: 192.0.2.7\nX-B: 2\n");
}

TEST_CASE_FIXTURE(Rewriting, "shares' cookies stay here") {
  plan(R"({"canonical":"off"})", "/");
  http::Fields fields = {{"Cookie", "__Host-ingress-sh_1=x"}, {"cookie", "a=b; __Host-ingress-sh_1=x"}};
  rewrite_request(terms, scratch, fields);
  CHECK(text_of(fields) == "cookie: a=b\n");
}

TEST_CASE_FIXTURE(Rewriting, "what tells browsers to be careful comes where the origin does not say it") {
  plan(R"({"security_headers":"standard"})", "/");
  const std::string all = answer({{"X-Frame-Options", "DENY"}});
  CHECK(all.find("X-Frame-Options: DENY\n") != std::string::npos);
  CHECK(all.find("SAMEORIGIN") == std::string::npos);
  CHECK(all.find("Strict-Transport-Security: ") != std::string::npos);
  plan(R"({"security_headers":"frameable"})", "/");
  CHECK(answer({{"X-Frame-Options", "DENY"}}).find("X-Frame-Options") == std::string::npos);
}

TEST_CASE_FIXTURE(Rewriting, "a cookie's domain beyond its host is taken off, whatever its spelling") {
  const auto isolated = [this](std::string_view cookie, std::string_view host, bool parent) {
    http::Fields fields = {{"set-cookie", cookie}};
    isolate_cookies(host, parent, scratch, fields);
    return std::string(fields[0].value);
  };
  CHECK(isolated("a=b; DOMAIN = iterate.app; Path=/", "x.iterate.app", false) == "a=b; Path=/");
  CHECK(isolated("a=b;domain=.iterate.app", "x.iterate.app", false) == "a=b");
  CHECK(isolated("a=b; Domain=x.iterate.app", "x.iterate.app", false) == "a=b; Domain=x.iterate.app");
  CHECK(isolated("a=b; Domain=y.x.iterate.app", "x.iterate.app", false) == "a=b; Domain=y.x.iterate.app");
  CHECK(isolated("a=b; Domain=ex.iterate.app", "x.iterate.app", false) == "a=b");
  CHECK(isolated("a=b; Domain=misha.iterate.app", "docs.misha.iterate.app", true) == "a=b; Domain=misha.iterate.app");
  CHECK(isolated("a=b; Domain=misha.iterate.app", "docs.misha.iterate.app", false) == "a=b");
  CHECK(isolated("a=b; Domain=iterate.app; Domain=x.iterate.app", "x.iterate.app", false) ==
        "a=b; Domain=x.iterate.app");
  CHECK(isolated("a=b; Domain", "x.iterate.app", false) == "a=b; Domain");
}

}  // namespace
}  // namespace ingress::broker
