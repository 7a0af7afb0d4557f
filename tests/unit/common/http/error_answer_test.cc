#include "common/http/error_answer.h"

#include <doctest/doctest.h>

namespace ingress::http::test {
namespace {

constexpr const char* kBrowser =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

ErrorAnswer answer(ErrorCode code, const ErrorDetails& details = {}, std::string_view accept = "") {
  return error_answer(Error{code, Side::kTunnel, false, 0, ""}, details, accept);
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("an error in JSON names its code and what is known, and leaves out the rest") {
  const ErrorAnswer bare = answer(ErrorCode::kMachineUnavailable);
  CHECK(bare.status == 503);
  CHECK(bare.content_type == "application/json");
  CHECK(bare.body == "{\"error\":\"machine_unavailable\",\"message\":\"The machine is not connected.\"}\n");
  const ErrorAnswer full =
      answer(ErrorCode::kProxyError,
             {.host = "a.b", .machine = "mach_1", .port = 3000, .reason = "refused \"x\"\\\n", .request_id = "r"});
  CHECK(full.status == 502);
  CHECK(has(full.body,
            "\"host\":\"a.b\",\"machine\":\"mach_1\",\"port\":3000,\"reason\":\"refused "
            "\\\"x\\\"\\\\\\u000a\",\"request_id\":\"r\"}\n"));
}

TEST_CASE("every error has a sentence of its own, and internal ones are shown as public ones") {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kNotFound); ++code) {
    const ErrorAnswer shown = answer(static_cast<ErrorCode>(code));
    CAPTURE(code);
    CHECK(shown.status >= 400);
    CHECK(has(shown.body, "\"message\":\""));
    const bool ours = shown.status == 500;
    CHECK(has(shown.body, "on our side") == ours);
  }
  CHECK(has(answer(ErrorCode::kReset).body, "\"error\":\"proxy_error\""));
}

TEST_CASE("bytes that are no text are replaced") {
  CHECK(has(answer(ErrorCode::kInvalidHost, {.host = "\xff\xfe"}).body, "\"host\":\"??\""));
  CHECK(has(answer(ErrorCode::kInvalidHost, {.host = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"}).body,
            "\"host\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""));
  for (const char* bad : {"\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xe2\x82", "\xf0\x9f\x98"}) {
    CHECK_FALSE(has(answer(ErrorCode::kInvalidHost, {.host = bad}).body, bad));
  }
}

TEST_CASE("a page is given where text/html is preferred, and asked for by name") {
  const auto html = [](std::string_view accept) {
    return answer(ErrorCode::kForbidden, {}, accept).content_type == "text/html; charset=utf-8";
  };
  CHECK(html(kBrowser));
  CHECK(html("text/html"));
  CHECK(html("TEXT/HTML;level=1"));
  CHECK(html("text/html;q=0.9, application/json;q=0.8"));
  CHECK(html("application/json;q=0, text/html;q=0.1"));
  CHECK(html("text/html, */*"));
  CHECK_FALSE(html(""));
  CHECK_FALSE(html("*/*"));
  CHECK_FALSE(html("text/*"));
  CHECK_FALSE(html("application/json"));
  CHECK_FALSE(html("application/json, text/plain, */*"));
  CHECK_FALSE(html("application/json, text/html"));
  CHECK_FALSE(html("text/html;q=0.5, application/json"));
  CHECK_FALSE(html("text/html;q=0.5, */*"));
  CHECK_FALSE(html("text/html;q=0.5, application/*;q=0.6, */*;q=0.1"));
  CHECK_FALSE(html("text/html;q=0"));
  CHECK_FALSE(html("text/html;q=0.000"));
  CHECK_FALSE(html("text/html; Q=x"));
  CHECK_FALSE(html("text/html;q="));
  CHECK(html("text/html;q=1.000"));
  CHECK(html("text/html; q=0.001"));
}

TEST_CASE("a page escapes whatever it shows") {
  const ErrorAnswer page =
      answer(ErrorCode::kProxyError,
             {.host = "<script>alert('1')</script>", .machine = "\"&", .port = 3000, .reason = "a\x01\xff"}, kBrowser);
  CHECK(has(page.body, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
  CHECK(has(page.body, "&quot;&amp;"));
  CHECK(has(page.body, "a??"));
  CHECK_FALSE(has(page.body, "<script>alert"));
  CHECK(has(page.body, "<dd>proxy_error</dd>"));
  CHECK(has(page.body, "<dd>3000</dd>"));
  CHECK(has(page.body, "<title>502 Bad Gateway</title>"));
}

TEST_CASE("the ports that do listen are named where they are known, and not too many") {
  const std::vector<int> none;
  std::vector<int> many;
  for (int port = 1; port <= 25; ++port) many.push_back(port);
  const std::vector<int> two{3000, 5173};
  const auto json = [](std::span<const int> ports) {
    return answer(ErrorCode::kProxyError, {.listening = ports}).body;
  };
  const auto page = [](std::span<const int> ports) {
    return answer(ErrorCode::kProxyError, {.listening = ports}, kBrowser).body;
  };
  CHECK_FALSE(has(answer(ErrorCode::kProxyError).body, "listening"));
  CHECK_FALSE(has(answer(ErrorCode::kProxyError, {}, kBrowser).body, "listening"));
  CHECK(has(json(none), "\"listening\":[]"));
  CHECK(has(json(two), "\"listening\":[3000,5173]"));
  CHECK(has(json(many), ",19,20]"));
  CHECK(has(page(none), "<dt>listening</dt><dd>no port</dd>"));
  CHECK(has(page(two), "<dd>3000, 5173</dd>"));
  CHECK(has(page(many), ", 20 and 5 more</dd>"));
}

TEST_CASE("only a page that may pass comes back by itself, and only where a GET may be repeated") {
  const auto comes_back = [](ErrorCode code, std::string_view method) {
    const std::string page = answer(code, {.method = method}, kBrowser).body;
    CHECK(has(page, "http-equiv=\"refresh\"") == has(page, "<script>"));
    CHECK_FALSE(has(page, "src="));
    return has(page, "X-Iterate-Error");
  };
  for (const ErrorCode code : {ErrorCode::kProxyError, ErrorCode::kMachineUnavailable, ErrorCode::kMachineStarting,
                               ErrorCode::kOriginTimeout}) {
    CHECK(comes_back(code, "GET"));
    CHECK_FALSE(comes_back(code, "POST"));
  }
  CHECK_FALSE(comes_back(ErrorCode::kMachineNotFound, "GET"));
  CHECK_FALSE(comes_back(ErrorCode::kInternalError, "GET"));
}

TEST_CASE("Retry-After is said where it helps") {
  CHECK(answer(ErrorCode::kMachineUnavailable).retry_after_seconds == 2);
  CHECK(answer(ErrorCode::kProxyError).retry_after_seconds == 1);
  CHECK(answer(ErrorCode::kOriginTimeout).retry_after_seconds == 1);
  CHECK(answer(ErrorCode::kRateLimited).retry_after_seconds == 2);
  CHECK(answer(ErrorCode::kForbidden).retry_after_seconds == 0);
}

}  // namespace
}  // namespace ingress::http::test
