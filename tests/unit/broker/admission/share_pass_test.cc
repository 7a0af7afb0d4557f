#include "broker/admission/share_pass.h"

#include "common/tls/digest.h"
#include "tests/unit/broker/admission/asked_fixture.h"

namespace ingress::broker {
namespace {

struct Shared : AskedFixture {
  Share share;
  RequestPath path;

  Shared() {
    share.id = "sh_1";
    share.host = "misha.iterate.app";
    share.machine = "m1";
    share.port = 3000;
    share.path = "/docs";
    share.sha256 = tls::sha256_hex("secret");
  }
  ShareVerdict judge(std::string_view target, bool frameable = false) {
    asked.target = target;
    path.set(target);
    return judge_share(
        asked, {"m1", 3000, path}, [this](std::string_view id) { return id == share.id ? &share : nullptr; },
        frameable);
  }
};

TEST_CASE_FIXTURE(Shared, "a link is followed once, and its cookie lets in from then on") {
  const ShareVerdict link = judge("/docs/a?x=1&__share=sh_1.secret&y");
  CHECK(link.outcome == ShareOutcome::kFollow);
  CHECK(link.target == "/docs/a?x=1&y");
  CHECK(link.cookie.starts_with("__Host-ingress-sh_1="));
  CHECK(link.cookie.find("; Path=/; Secure; HttpOnly; SameSite=Lax") != std::string::npos);
  CHECK(judge("/docs?__share=sh_1.secret", true).cookie.find("SameSite=None; Partitioned") != std::string::npos);
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
}

TEST_CASE_FIXTURE(Shared, "a wrong secret, another host, machine or path, and a share that is gone are nothing") {
  CHECK(judge("/docs?__share=sh_1.wrong").outcome == ShareOutcome::kNone);
  CHECK(judge("/docs?__share=sh_2.secret").outcome == ShareOutcome::kNone);
  CHECK(judge("/docs?__share=sh_1").outcome == ShareOutcome::kNone);
  CHECK(judge("/?__share=sh_1.secret").outcome == ShareOutcome::kNone);
  asked.host_name = "other.iterate.app";
  CHECK(judge("/docs?__share=sh_1.secret").outcome == ShareOutcome::kNone);
}

TEST_CASE_FIXTURE(Shared, "a POST and a WebSocket come in by the link itself") {
  head.method = "POST";
  const ShareVerdict posted = judge("/docs?__share=sh_1.secret");
  CHECK(posted.outcome == ShareOutcome::kIn);
  CHECK(posted.target == "/docs");
  head.method = "GET";
  asked.upgrade = true;
  CHECK(judge("/docs?__share=sh_1.secret").outcome == ShareOutcome::kIn);
}

TEST_CASE_FIXTURE(Shared, "its time is held to the second, and told of for a day") {
  share.expires_at = 1001;
  const ShareVerdict link = judge("/docs?__share=sh_1.secret");
  CHECK(link.outcome == ShareOutcome::kFollow);
  CHECK(link.cookie.ends_with("Max-Age=1"));
  asked.now = 1001;
  CHECK(judge("/docs?__share=sh_1.secret").outcome == ShareOutcome::kExpired);
  asked.now = 1001 + 86400;
  CHECK(judge("/docs?__share=sh_1.secret").outcome == ShareOutcome::kNone);
}

}  // namespace
}  // namespace ingress::broker
