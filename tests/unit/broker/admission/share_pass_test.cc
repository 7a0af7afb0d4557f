#include "broker/admission/share_pass.h"

#include "common/tls/digest.h"
#include "tests/unit/broker/admission/asked_fixture.h"

namespace ingress::broker {
namespace {

// As long as every secret is.
#define SECRET "secret-secret-secret-secret-secret-secret_0"
#define OTHER "other--other--other--other--other--other__1"

struct Shared : AskedFixture {
  Share share;
  RequestPath path;
  std::string machine = "m1";
  std::string project = "misha";

  Shared() {
    share.id = "sh_1";
    share.host = "misha.iterate.app";
    share.machine = "m1";
    share.project = "misha";
    share.port = 3000;
    share.path = "/docs";
    share.sha256 = tls::sha256_hex(SECRET);
  }
  ShareVerdict judge(std::string_view target, bool frameable = false) {
    asked.target = target;
    path.set(target);
    return judge_share(
        asked, {machine, project, 3000, path},
        [this](std::string_view id) { return id == share.id ? &share : nullptr; }, frameable);
  }
};

TEST_CASE_FIXTURE(Shared, "a link is followed once, and its cookie lets in from then on") {
  const ShareVerdict link = judge("/docs/a?x=1&__share=sh_1." SECRET "&y");
  CHECK(link.outcome == ShareOutcome::kFollow);
  CHECK(link.target == "/docs/a?x=1&y");
  CHECK(link.cookie.starts_with("__Host-ingress-sh_1="));
  CHECK(link.cookie.find("; Path=/; Secure; HttpOnly; SameSite=Lax") != std::string::npos);
  CHECK(judge("/docs?__share=sh_1." SECRET, true).cookie.find("SameSite=None; Partitioned") != std::string::npos);
  const std::string cookie = "a=b; " + link.cookie.substr(0, link.cookie.find(';')) + ";c=d";
  head.fields.push_back({"cookie", cookie});
  CHECK(judge("/docs").outcome == ShareOutcome::kIn);
  CHECK(judge("/docs/x").share == "sh_1");
  CHECK(judge("/docsx").outcome == ShareOutcome::kNone);
  CHECK(judge("/docs/../x").outcome == ShareOutcome::kNone);
  share.port = 3001;
  CHECK(judge("/docs").outcome == ShareOutcome::kNone);
  CHECK(without_share_cookies(cookie) == "a=b; c=d");
  CHECK_FALSE(without_share_cookies("a=b").has_value());
  CHECK_FALSE(without_share_cookies("a=__Host-ingress-x;b=1 ;x__Host-ingress-y=2;").has_value());
}

TEST_CASE_FIXTURE(Shared, "a wrong secret, another host, machine or path, and a share that is gone are nothing") {
  CHECK(judge("/docs?__share=sh_1." OTHER).outcome == ShareOutcome::kNone);
  CHECK(judge("/docs?__share=sh_2." SECRET).outcome == ShareOutcome::kNone);
  CHECK(judge("/docs?__share=sh_1").outcome == ShareOutcome::kNone);
  CHECK(judge("/?__share=sh_1." SECRET).outcome == ShareOutcome::kNone);
  asked.host_name = "other.iterate.app";
  CHECK(judge("/docs?__share=sh_1." SECRET).outcome == ShareOutcome::kNone);
}

TEST_CASE_FIXTURE(Shared, "a share of a project's host stays with the project, and another host's with its machine") {
  const auto is_in = [this] { return judge("/docs?__share=sh_1." SECRET).outcome == ShareOutcome::kFollow; };
  machine = "m2";
  CHECK(is_in());
  machine = "m1";
  project = "other";
  CHECK_FALSE(is_in());
  // A route that leads to the machine, and no more to the project.
  project = "";
  CHECK(is_in());
  machine = "m2";
  CHECK_FALSE(is_in());
  share.project = "";
  machine = "m1";
  CHECK(is_in());
  project = "misha";
  CHECK_FALSE(is_in());
}

TEST_CASE_FIXTURE(Shared, "a POST and a WebSocket come in by the link itself") {
  head.method = "POST";
  const ShareVerdict posted = judge("/docs?__share=sh_1." SECRET);
  CHECK(posted.outcome == ShareOutcome::kIn);
  CHECK(posted.target == "/docs");
  head.method = "GET";
  asked.upgrade = true;
  CHECK(judge("/docs?__share=sh_1." SECRET).outcome == ShareOutcome::kIn);
}

TEST_CASE("what lets in is taken off whatever goes on, and nothing else is") {
  http::Scratch scratch;
  http::Fields fields = {{"Cookie", "__Host-ingress-sh_1=x"},
                         {"cookie", "a=b;\t__Host-ingress-sh_1=x; __Host-other=y"},
                         {"Cookie", ""},
                         {"X-Cookie", "__Host-ingress-sh_1=x"},
                         {"Referer", "https://a.example/x?__share=sh_1." SECRET "&y#z"}};
  take_off_passes(scratch, fields);
  REQUIRE(fields.size() == 3);
  CHECK(fields[0].value == "a=b; __Host-other=y");
  CHECK(fields[1].value == "__Host-ingress-sh_1=x");
  CHECK(fields[2].value == "https://a.example/x?y#z");
  http::Fields plain = {{"Cookie", "a=b"}, {"Cookie", ""}};
  take_off_passes(scratch, plain);
  CHECK(plain.size() == 2);
  CHECK(take_off_link("/a?__share=sh_1." SECRET, scratch) == "/a");
  CHECK(take_off_link("/a?x&__share=sh_1." SECRET "&y=%3d&__share=sh_2." OTHER, scratch) == "/a?x&y=%3d");
  CHECK(take_off_link("/a?x&__share=sh_1." SECRET "&", scratch) == "/a?x&");
  CHECK(take_off_link("/a?x&&__share=sh_1." SECRET "&y&", scratch) == "/a?x&&y&");
  for (const std::string_view kept :
       {"/a", "*", "/a?", "/a?x=1&&y", "/__share=sh_1." SECRET, "/a?x__share=sh_1." SECRET, "/a?__share=mine",
        "/a?__share=sh_1", "/a?__share=sh_.x", "/a?__share=sh_1.", "/a?__share=sh_a.b", "/a?__share=sh_1." SECRET "x",
        "/a?__share=sh_." SECRET}) {
    CAPTURE(kept);
    CHECK(take_off_link(kept, scratch).data() == kept.data());
  }
}

TEST_CASE_FIXTURE(Shared, "its time is held to the second, and told of for a day") {
  share.expires_at = 1001;
  const ShareVerdict link = judge("/docs?__share=sh_1." SECRET);
  CHECK(link.outcome == ShareOutcome::kFollow);
  CHECK(link.cookie.find("Max-Age") == std::string::npos);
  asked.now = 1001;
  CHECK(judge("/docs?__share=sh_1." SECRET).outcome == ShareOutcome::kExpired);
  asked.now = 1001 + 86400;
  CHECK(judge("/docs?__share=sh_1." SECRET).outcome == ShareOutcome::kNone);
}

}  // namespace
}  // namespace ingress::broker
