#include "broker/carrier/crossing.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "broker/carrier/carrier.h"
#include "common/uv/timer.h"

namespace ingress::broker {
namespace {

struct NoAuthority final : TunnelAuthority {
  Verdict check(std::string_view, std::string_view) override { return Verdict::kBadToken; }
  bool config_of(std::string_view, tunnel::pb::Config&) override { return false; }
};

struct Handler final : tunnel::StreamHandler {
  void on_head(const http::ResponseHead&, bool) override { FAIL("called"); }
  void on_data(MutableBytes, bool) override { FAIL("called"); }
  void on_trailers(const http::Fields&) override { FAIL("called"); }
  void on_sendable() override { FAIL("called"); }
  void on_closed(const Error& error, tunnel::ResetCode) override {
    REQUIRE_FALSE(closed);
    closed = error;
  }
  std::optional<Error> closed;
};

// Two loops, turned by one thread; machine "there" is the second one's, and has no tunnel.
struct Loops {
  Loops() {
    std::vector<Crossing*> both = {&here, &there};
    here.connect(both);
    there.connect(both);
    for (std::string name = "m"; machine.empty(); name += 'm') {
      if (directory.enter(name) == 1) machine = name;
    }
    directory.set_serving(machine, true);
    head.request.method = "GET";
    head.request.target = "/";
  }

  void turn(uv::Loop& loop) {
    uv::Timer timer(loop, [&loop] { loop.stop(); });
    timer.start(Duration{1});
    loop.run();
  }
  CarriedStream open(Handler& handler) {
    Error why;
    return carrier.open(machine, head, true, &handler, why);
  }

  NoAuthority authority;
  MachineDirectory directory{2};
  std::string machine;
  tunnel::OpenHead head;
  uv::Loop loop_here;
  uv::Loop loop_there;
  TunnelRegistry tunnels_here{loop_here, {}, authority, &directory, 0};
  TunnelRegistry tunnels_there{loop_there, {}, authority, &directory, 1};
  Crossing here{loop_here, 0, tunnels_here};
  Crossing there{loop_there, 1, tunnels_there};
  Carrier carrier{tunnels_here, &directory, &here};
};

TEST_CASE("a stream whose machine is another loop's goes there, and learns there that no tunnel takes it") {
  Loops loops;
  Handler handler;
  CarriedStream stream = loops.open(handler);
  REQUIRE(stream);
  CHECK(stream.is_far());
  CHECK(stream.sendable() == 0);
  loops.turn(loops.loop_here);
  CHECK_FALSE(handler.closed);
  loops.turn(loops.loop_there);
  CHECK_FALSE(handler.closed);
  loops.turn(loops.loop_here);
  REQUIRE(handler.closed);
  CHECK(handler.closed->code == ErrorCode::kMachineUnavailable);
  CHECK(loops.here.opened() == 1);
  CHECK(loops.carrier.opened() == 1);
}

TEST_CASE("a stream that is abandoned is told nothing more, whatever is under way") {
  Loops loops;
  Handler handler;
  CarriedStream stream = loops.open(handler);
  loops.turn(loops.loop_here);
  loops.turn(loops.loop_there);
  stream.abandon(tunnel::ResetCode::kCancelled);
  CHECK_FALSE(stream);
  loops.turn(loops.loop_here);
  loops.turn(loops.loop_there);
  loops.turn(loops.loop_here);
  CHECK_FALSE(handler.closed);
}

TEST_CASE("a machine without a tunnel on any loop is refused at once") {
  Loops loops;
  Handler handler;
  Error why;
  CHECK_FALSE(loops.carrier.open("nobody", loops.head, true, &handler, why));
  CHECK(why.code == ErrorCode::kMachineUnavailable);
  loops.directory.set_serving(loops.machine, false);
  CHECK_FALSE(loops.open(handler));
  CHECK(loops.here.opened() == 0);
}

}  // namespace
}  // namespace ingress::broker
