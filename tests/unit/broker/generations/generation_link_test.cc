#include "broker/generations/generation_link.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "proto/tunnel.pb.h"
#include "tests/unit/broker/tunnel/far_agent.h"

namespace ingress::broker {
namespace {

using Log = std::vector<std::string>;

// An opening link with a stream under way, and what was told of both, in order.
struct Fixture final : GenerationLinkOwner {
  Fixture() {
    agent.end.session.send_hello({});
    agent.pump();
    tunnel::OpenHead head;
    head.port = 3000;
    head.request.method = "GET";
    head.request.target = "/";
    Error why;
    stream.hook_closed = [this] { log.push_back("closed"); };
    stream.stream = link->open("mach_1", head, true, &stream, why);
    REQUIRE(stream.stream != nullptr);
    agent.pump();
  }
  ~Fixture() {
    if (link != nullptr) link->close();
    agent.hang_up();
  }

  void on_machines(GenerationLink&, MachineLines::Changes) override {}
  void on_no_more(GenerationLink&) override { log.push_back("no more"); }
  void on_quiet(GenerationLink&) override {}
  void on_drop(std::string) override {}
  void on_link_gone(GenerationLink&) override {
    log.push_back("gone");
    loop.bury(std::move(link));
  }

  uv::Loop loop;
  test::FarAgent agent{loop};
  std::unique_ptr<OpeningLink> link = std::make_unique<OpeningLink>(*this, agent.connection());
  tunnel::test::Recorder stream;
  Log log;
};

}  // namespace

TEST_CASE("a link takes no more streams before those that it has are told that it ends") {
  Fixture fixture;
  SUBCASE("closed here") { fixture.link->close(); }
  SUBCASE("ended by the other end") {}
  fixture.agent.hang_up();
  CHECK(fixture.log == Log{"no more", "closed", "gone"});
}

TEST_CASE("a link whose session fails takes no more streams") {
  Fixture fixture;
  const std::vector<uint8_t> breach = tunnel::test::frame(tunnel::FrameType::kWelcome, 0, 0, "");
  fixture.agent.end.sink.write(breach);
  fixture.agent.pump();
  REQUIRE(fixture.log.size() == 2);
  CHECK(fixture.log.front() == "no more");
  CHECK(fixture.log.back() == "closed");
}

}  // namespace ingress::broker
