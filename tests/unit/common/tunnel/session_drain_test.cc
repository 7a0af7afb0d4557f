#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::Pair;
using test::Recorder;
using test::response;
using Log = std::vector<std::string>;

pb::Goaway goaway(pb::Goaway::Reason reason) {
  pb::Goaway message;
  message.set_reason(reason);
  return message;
}

void answer(Pair& pair, uint32_t id) {
  pair.accepted(id).stream->send_head(response(204), true);
  pair.pump();
}

TEST_CASE("a broker that shuts down opens no more streams, and drains when the last one has closed") {
  Pair pair;
  pair.establish();
  Recorder running, late;
  pair.open(running);
  pair.pump();
  pair.broker.session.send_goaway(goaway(pb::Goaway::SHUTDOWN));
  CHECK(pair.broker.session.draining());
  pair.pump();
  CHECK(pair.agent.session.draining());
  CHECK(pair.open(late) == nullptr);
  CHECK(pair.why.retryable);
  CHECK(pair.broker.recorder.log.empty());
  answer(pair, 1);
  CHECK(running.log == Log{"head 204 OK end", "closed"});
  pair.run(1);
  CHECK(pair.broker.recorder.log == Log{"drained"});
  CHECK(pair.agent.recorder.log == Log{"open 0 3000 GET / Host=localhost:3000 end", "goaway 0", "drained"});
  pair.run(5);
  CHECK(pair.broker.recorder.log == Log{"drained"});  // once
}

TEST_CASE("a broker without streams drains at its next turn") {
  Pair pair;
  pair.establish();
  pair.broker.session.send_goaway(goaway(pb::Goaway::CLOSED_BY_OPERATOR));
  CHECK(pair.broker.recorder.log.empty());  // not inside the call
  pair.broker.session.on_room();
  CHECK(pair.broker.recorder.log == Log{"drained"});
}

TEST_CASE("an agent drains only when no OPEN can be under way any more") {
  Pair pair;
  pair.establish();
  Recorder crossing, late;
  pair.agent.session.send_goaway(goaway(pb::Goaway::SHUTDOWN));
  pair.open(crossing);  // the broker does not know yet
  REQUIRE(crossing.stream != nullptr);
  pair.agent.session.tick(pair.now);
  CHECK(pair.agent.recorder.log.empty());
  pair.pump();
  CHECK(pair.broker.recorder.log == Log{"goaway 0"});
  CHECK(pair.open(late) == nullptr);
  CHECK(pair.agent.recorder.log.size() == 1);
  answer(pair, 1);
  CHECK(crossing.log == Log{"head 204 OK end", "closed"});
  pair.run(1);
  CHECK(pair.agent.recorder.log.back() == "drained");
  CHECK(pair.broker.recorder.log.back() == "drained");
}

TEST_CASE("MIGRATE lets the broker go on opening streams until the agent has another tunnel") {
  Pair pair;
  pair.establish();
  pair.broker.session.send_goaway(goaway(pb::Goaway::MIGRATE));
  pair.pump();
  pair.run(5);
  CHECK(pair.agent.recorder.log == Log{"goaway 2"});
  CHECK(pair.broker.recorder.log.empty());
  Recorder between, late;
  REQUIRE(pair.open(between) != nullptr);
  pair.pump();
  answer(pair, 1);
  CHECK(between.log.back() == "closed");
  pair.agent.session.send_goaway(goaway(pb::Goaway::MIGRATE));
  pair.pump();
  CHECK(pair.open(late) == nullptr);
  pair.run(1);
  CHECK(pair.broker.recorder.log == Log{"goaway 2", "drained"});
  CHECK(pair.agent.recorder.log.back() == "drained");
}

TEST_CASE("an agent that never answers MIGRATE does not hold the broker up") {
  Pair pair;
  pair.establish();
  pair.broker.session.send_goaway(goaway(pb::Goaway::MIGRATE));
  pair.pump();
  pair.run(9);
  CHECK(pair.broker.recorder.log.empty());
  pair.run(1);
  CHECK(pair.broker.recorder.log == Log{"drained"});
  CHECK(pair.agent.recorder.log == Log{"goaway 2", "drained"});
  Recorder still;
  CHECK(pair.open(still) != nullptr);
  pair.pump();
  answer(pair, 1);
  pair.run(1);
  CHECK(pair.broker.recorder.log == Log{"drained", "drained"});
}

TEST_CASE("an agent whose answer to MIGRATE comes late is drained once more, and only when no OPEN can come") {
  Pair pair;
  pair.establish();
  pair.broker.session.send_goaway(goaway(pb::Goaway::MIGRATE));
  pair.pump();
  pair.run(10);
  CHECK(pair.agent.recorder.log == Log{"goaway 2", "drained"});
  CHECK_FALSE(pair.agent.session.no_more_opens());
  pair.agent.session.send_goaway(goaway(pb::Goaway::SHUTDOWN));
  pair.agent.session.tick(pair.now);
  CHECK_FALSE(pair.agent.session.no_more_opens());
  CHECK(pair.agent.recorder.log == Log{"goaway 2", "drained"});
  pair.pump();
  CHECK(pair.agent.session.no_more_opens());
  CHECK(pair.agent.recorder.log == Log{"goaway 2", "drained", "drained"});
}

TEST_CASE("a GOAWAY of the agent before or after one of the broker changes nothing") {
  Pair pair;
  pair.establish();
  pair.agent.session.send_goaway(goaway(pb::Goaway::SHUTDOWN));
  pair.broker.session.send_goaway(goaway(pb::Goaway::MIGRATE));
  pair.pump();
  pair.run(1);
  CHECK(pair.broker.recorder.log == Log{"goaway 0", "drained"});
  CHECK(pair.agent.recorder.log == Log{"goaway 2", "drained"});
}

TEST_CASE("a session whose ids are used up drains") {
  SessionLimits limits;
  limits.last_stream_id = 2;
  Pair pair(limits);
  pair.establish();
  Recorder first, second, third;
  CHECK(pair.open(first)->id() == 1);
  CHECK_FALSE(pair.broker.session.draining());
  CHECK(pair.open(second)->id() == 2);
  CHECK(pair.open(third) == nullptr);
  CHECK(pair.why.code == ErrorCode::kMachineUnavailable);
  CHECK(pair.broker.session.draining());
  pair.pump();
  CHECK(pair.agent.recorder.log.back() == "goaway 2");
  answer(pair, 1);
  answer(pair, 2);
  pair.run(1);
  CHECK(pair.broker.recorder.log == Log{"drained"});
}

TEST_CASE("GOAWAY may come before the session is open") {
  Pair pair;
  pair.agent.session.send_hello({});
  pair.broker.session.send_goaway(goaway(pb::Goaway::SHUTDOWN));
  pair.pump(1);
  CHECK(pair.agent.recorder.log.front() == "goaway 0");
  CHECK(pair.broker.recorder.has("hello "));
}

}  // namespace
}  // namespace ingress::tunnel
