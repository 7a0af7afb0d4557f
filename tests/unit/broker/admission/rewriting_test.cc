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

TEST_CASE_FIXTURE(Rewriting, "no path of ours leads to another site, however many slashes the request has") {
  plan(R"({"strip_prefix":"/app"})", "//app/x");
  CHECK(terms.stripped_prefix == "/app");
  CHECK(answer({{"Location", "/login"}}) == "Location: /app/login\n");
  CHECK(answer({{"Set-Cookie", "a=b; Path=/"}}) == "Set-Cookie: a=b; Path=/app/\n");
  REQUIRE(terms.set_fields.size() == 1);
  CHECK(terms.set_fields[0].second == "/app");
  plan(R"({"add_prefix":"/base"})", "/");
  CHECK(answer({{"Location", "/base//evil.example/x"}}) == "Location: /evil.example/x\n");
  CHECK(answer({{"Location", "/base/\\evil.example/x"}}) == "Location: /evil.example/x\n");
  CHECK(answer({{"Location", "/\\evil.example"}}) == "Location: /evil.example\n");
  CHECK(answer({{"Location", "/base"}}) == "Location: /\n");
  CHECK(local_path("//evil.example/?a=//b") == "/evil.example/?a=//b");
  CHECK(local_path("/\\/evil.example") == "/evil.example");
  CHECK(local_path("/\t/evil.example") == "/evil.example");
  CHECK(local_path("/a//b") == "/a//b");
  CHECK(local_path("//") == "/");
}

TEST_CASE_FIXTURE(Rewriting, "a reference without a scheme is mapped where it names the public host") {
  plan(R"({"strip_prefix":"/app"})", "/app/x");
  CHECK(answer({{"Location", "//misha.iterate.app/v2/z"}}) == "Location: //misha.iterate.app/app/v2/z\n");
  CHECK(answer({{"Location", "//misha.iterate.app"}}) == "Location: //misha.iterate.app/app/\n");
  CHECK(answer({{"Location", "//misha.iterate.app/app/z"}}) == "Location: //misha.iterate.app/app/z\n");
  CHECK(answer({{"Location", "//else.example/v2"}}) == "Location: //else.example/v2\n");
}

TEST_CASE_FIXTURE(Rewriting, "fields are taken off, set and added, in that order") {
  plan(R"({"request_headers":{"remove":["X-Old"],"set":{"X-A":"{client_ip}"},"add":{"X-B":"2"}}})", "/");
  http::Fields fields = {{"X_old", "1"}, {"x-a", "spoof"}, {"X_A", "spoof"},
                         {"X-B", "1"},   {"X_B", "spoof"}, {"Y", "z"}};
  rewrite_request(terms, fields);
  CHECK(text_of(fields) == "X-B: 1\nY: z\nX-A: 192.0.2.7\nX-B: 2\n");
}

TEST_CASE_FIXTURE(Rewriting, "trailers lose what the head loses, in every spelling, and gain nothing") {
  plan(R"({"request_headers":{"remove":["X-Old"],"set":{"X-A":"{client_ip}","X-None":""},"add":{"X-B":"2"}}})", "/");
  http::Fields trailers = {{"X_old", "1"}, {"x-a", "spoof"}, {"X_A", "spoof"}, {"x_none", "1"},
                           {"X-B", "1"},   {"x_b", "spoof"}, {"X-AB", "1"},    {"Y_Z", "2"}};
  rewrite_request_trailers(terms, trailers);
  CHECK(text_of(trailers) == "X-B: 1\nX-AB: 1\nY_Z: 2\n");
}

TEST_CASE_FIXTURE(Rewriting, "of an answer's trailers and interim heads goes what the policy removes or sets") {
  plan(R"({"security_headers":"standard","response_headers":{"remove":["X-Secret","X_Under"],)"
       R"("set":{"Server":"ours"},"add":{"Vary":"X"}}})",
       "/");
  http::Fields fields = {{"x-secret", "1"}, {"X_Secret", "1"}, {"X-Under", "1"}, {"X_under", "1"},
                         {"server", "s"},   {"Vary", "Y"},     {"Link", "</a>"}};
  drop_answer_fields(terms, fields);
  CHECK(text_of(fields) == "Vary: Y\nLink: </a>\n");
  CHECK(answer({{"X_Under", "1"}, {"Server", "s"}}).starts_with("Server: ours\nVary: X\n"));
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

TEST_CASE_FIXTURE(Rewriting, "a page that may be framed loses the origin's word on who frames it, and nothing else") {
  const auto kept = [this](http::Fields fields) {
    plan(R"({"security_headers":"frameable"})", "/");
    const std::string text = answer(std::move(fields));
    return text.substr(0, text.find("Strict-Transport-Security"));
  };
  constexpr const char* kName = "Content-Security-Policy";
  CHECK(kept({{kName, "frame-ancestors 'none'"}}).empty());
  CHECK(kept({{kName, " Frame-Ancestors\t'self' ;"}}).empty());
  CHECK(kept({{kName, "frame-ancestors"}}).empty());
  CHECK(kept({{"content-security-policy", "default-src 'self'; frame-ancestors 'none'; img-src *"}}) ==
        "content-security-policy: default-src 'self'; img-src *\n");
  CHECK(kept({{kName, "frame-ancestors a, script-src b;frame-ancestors c, frame-ancestors d"}}) ==
        "Content-Security-Policy: script-src b\n");
  CHECK(kept({{"A", "1"}, {kName, "frame-ancestors a"}, {kName, "img-src  *;"}, {"B", "2"}}) ==
        "A: 1\nContent-Security-Policy: img-src  *;\nB: 2\n");
  CHECK(kept({{kName, "frame-src x; frame-ancestors-x y"}}) ==
        "Content-Security-Policy: frame-src x; frame-ancestors-x y\n");
  CHECK(kept({{"Content-Security-Policy-Report-Only", "frame-ancestors 'none'"}}) ==
        "Content-Security-Policy-Report-Only: frame-ancestors 'none'\n");
  plan(R"({"security_headers":"standard"})", "/");
  CHECK(answer({{kName, "frame-ancestors 'none'"}}).starts_with("Content-Security-Policy: frame-ancestors 'none'\n"));
  plan(R"({"security_headers":"frameable","response_headers":{"set":{"Content-Security-Policy":"frame-ancestors p"}}})",
       "/");
  CHECK(answer({{kName, "frame-ancestors 'none'"}}).starts_with("Content-Security-Policy: frame-ancestors p\n"));
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
