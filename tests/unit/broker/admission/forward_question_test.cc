#include "broker/admission/forward_question.h"

#include "tests/unit/broker/admission/asked_fixture.h"

namespace ingress::broker {
namespace {

std::string value_of(const FieldList& fields, std::string_view name) {
  std::string all;
  for (const auto& [each, value] : fields) {
    if (http::iequals(each, name)) all += (all.empty() ? "" : "|") + value;
  }
  return all;
}

TEST_CASE_FIXTURE(AskedFixture, "the server is told of the request, and not what a client would have it believe") {
  ForwardAuth rule;
  rule.url = std::make_shared<const http::WebUrl>(*http::parse_web_url("http://auth.example.com/check?x"));
  head.fields = {{"Cookie", "a=b"},        {"Host", "misha.iterate.app"},  {"Content-Length", "7"},
                 {"x_original_uri", "/y"}, {"X-Forwarded-For", "1.1.1.1"}, {"X-Iterate-Port", "1"},
                 {"Range", "bytes=0-"}};
  asked.target = "/path?q";
  const std::vector<std::string> names = {"user", ""};
  Captures captures;
  captures.begin(names);
  captures.add("bob");
  captures.add("unnamed");
  const WebRequest request = forward_question(rule, asked, {"m1", "misha", 3000, captures});
  CHECK(request.method == "GET");
  CHECK(request.url.target == "/check?x");
  CHECK(value_of(request.fields, "Cookie") == "a=b");
  CHECK(value_of(request.fields, "X-Original-URI") == "/path?q");
  CHECK(value_of(request.fields, "x_original_uri").empty());
  CHECK(value_of(request.fields, "X-Forwarded-For") == "192.0.2.7");
  CHECK(value_of(request.fields, "X-Iterate-Port") == "3000");
  CHECK(value_of(request.fields, "X-Iterate-Capture-user") == "bob");
  CHECK(value_of(request.fields, "Content-Length").empty());
  CHECK(value_of(request.fields, "Range").empty());
}

TEST_CASE_FIXTURE(AskedFixture, "the server is not told what it could come in by itself") {
  ForwardAuth rule;
  rule.url = std::make_shared<const http::WebUrl>(*http::parse_web_url("http://auth.example.com/"));
  head.fields = {{"Cookie", "a=b; __Host-ingress-sh_1=x"}};
  asked.target = "/path?__share=sh_1.secret-secret-secret-secret-secret-secret_0&q";
  const Captures captures;
  const WebRequest request = forward_question(rule, asked, {"m1", "misha", 3000, captures});
  CHECK(value_of(request.fields, "Cookie") == "a=b");
  CHECK(value_of(request.fields, "X-Original-URI") == "/path?q");
  CHECK(value_of(request.fields, "X-Original-URL").ends_with("/path?q"));
}

TEST_CASE("2xx lets in, 401, 403 and redirects pass on, all else is 502") {
  const auto code = [](int status, bool upgrade = false) {
    WebAnswer answer;
    answer.status = status;
    answer.fields = {{"Location", "/login"}, {"WWW-Authenticate", "X"}, {"X-Other", "y"}};
    const auto refused = refusal_in(answer, upgrade);
    if (!refused) return std::string("in");
    std::string text = std::to_string(refused->status != 0 ? refused->status : status_of(refused->error));
    for (const auto& [name, value] : refused->fields) text += " " + name;
    return text;
  };
  CHECK(code(204) == "in");
  CHECK(code(302) == "302 Location WWW-Authenticate");
  CHECK(code(302, true) == "401 WWW-Authenticate");
  CHECK(code(401) == "401 WWW-Authenticate");
  CHECK(code(403) == "403 WWW-Authenticate");
  for (const int status : {0, 304, 400, 404, 500, 503}) CHECK(code(status) == "502");
}

TEST_CASE("what the server said goes on, and what it did not say is nobody's") {
  ForwardAuth rule;
  rule.response_headers = {"x-user", "x-groups"};
  WebAnswer answer;
  answer.fields = {{"X-User", "alice"}, {"X-Secret", "no"}};
  const FieldList fields = fields_in(answer, rule);
  REQUIRE(fields.size() == 2);
  CHECK(fields[0] == std::pair<std::string, std::string>("X-User", "alice"));
  CHECK(fields[1] == std::pair<std::string, std::string>("x-groups", ""));
}

}  // namespace
}  // namespace ingress::broker
