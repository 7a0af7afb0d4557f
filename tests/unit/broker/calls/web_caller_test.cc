#include "broker/calls/web_caller.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/common/origin/fake_origin.h"

namespace ingress::broker {
namespace {

using origin::test::answering;
using origin::test::FakeOrigin;
using origin::test::Peer;
using origin::test::run_until;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr const char* kHeadOfOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-User: ada\r\n\r\n";

WebRequest question_to(const FakeOrigin& server) {
  WebRequest request;
  request.url.host = "127.0.0.1";
  request.url.port = server.port;
  request.url.authority = "127.0.0.1:" + std::to_string(server.port);
  request.url.target = "/";
  return request;
}

struct Calls {
  // `then` is called where the answer comes, after it was noted.
  uint64_t begin(
      const FakeOrigin& server, const std::function<void()>& then = [] {}) {
    return caller.begin(question_to(server), rule, [this, then](WebAnswer answer) {
      answers.push_back(std::move(answer));
      then();
    });
  }
  // What is under way in the loop comes to its end.
  void turn() {
    int left = 10;
    run_until(loop, [&left] { return --left <= 0; });
  }

  uv::Loop loop;
  WebCaller caller{loop};
  origin::TargetRule rule = *origin::TargetRule::make({"127.0.0.1"});
  std::vector<WebAnswer> answers;  // in the order in which they came
};

bool asked(const FakeOrigin& server, size_t times) {
  return static_cast<size_t>(std::count_if(server.peers.begin(), server.peers.end(),
                                           [](const auto& peer) { return peer->has_head(); })) == times;
}

}  // namespace

TEST_CASE("a call that is cancelled while its answer lies unread tells nobody") {
  Calls calls;
  FakeOrigin first(calls.loop, {});
  FakeOrigin second(calls.loop, {});
  const uint64_t cancelled = calls.begin(second);
  calls.begin(first, [&calls, cancelled] { calls.caller.cancel(cancelled); });
  run_until(calls.loop, [&first, &second] { return asked(first, 1) && asked(second, 1); });
  // Both are there when the loop looks next, in this order.
  first.last().send(kOk);
  second.last().send(kOk);
  run_until(calls.loop, [&calls] { return !calls.answers.empty(); });
  calls.turn();
  CHECK(calls.answers.size() == 1);
}

TEST_CASE("a call that is cancelled before its host is resolved tells nobody") {
  Calls calls;
  FakeOrigin server(calls.loop, {});
  for (const bool allowed : {true, false}) {
    if (!allowed) calls.rule = {};
    calls.caller.cancel(calls.begin(server));
    calls.turn();
  }
  CHECK(calls.answers.empty());
  CHECK(server.peers.empty());
}

TEST_CASE("a call that is cancelled in the turn in which its time is over tells nobody") {
  Calls calls;
  FakeOrigin server(calls.loop, {});
  const uint64_t call = calls.begin(server);
  run_until(calls.loop, [&server] { return asked(server, 1); });
  calls.caller.cancel(call);
  calls.loop.deadlines().advance(calls.loop.now() + 2 * WebCall::kTimeout);
  calls.turn();
  CHECK(calls.answers.empty());
}

TEST_CASE("a call that was refused can be cancelled, too") {
  Calls calls;
  FakeOrigin server(calls.loop, {});
  for (size_t i = 0; i < WebCaller::kMostOfOne; ++i) calls.begin(server);
  calls.caller.cancel(calls.begin(server));
  calls.turn();
  CHECK(calls.answers.empty());
}

TEST_CASE("a server that says nothing has so many calls, and others are called as before") {
  Calls calls;
  FakeOrigin silent(calls.loop, {});
  FakeOrigin other(calls.loop, answering(kOk));
  uint64_t last = 0;
  for (size_t i = 0; i < WebCaller::kMostOfOne; ++i) last = calls.begin(silent);
  // Those that are refused take nobody's place, however many come in one turn.
  for (size_t i = 0; i < WebCaller::kMostCalls; ++i) calls.begin(silent);
  calls.begin(other);
  run_until(calls.loop, [&calls] { return calls.answers.size() == WebCaller::kMostCalls + 1; });
  CHECK(calls.answers.front().problem == "too many calls of this server are under way");
  CHECK(calls.answers.back().status == 200);
  run_until(calls.loop, [&silent] { return asked(silent, WebCaller::kMostOfOne); });
  calls.caller.cancel(last);
  calls.begin(silent);
  run_until(calls.loop, [&silent] { return asked(silent, WebCaller::kMostOfOne + 1); });
}

TEST_CASE("all calls together are bounded, and those that end make room") {
  Calls calls;
  FakeOrigin server(calls.loop, answering(kOk));
  std::vector<uint64_t> begun;
  for (size_t i = 0; i < WebCaller::kMostCalls; ++i) {
    WebRequest request = question_to(server);
    request.url.port = static_cast<int>(i % 10 + 1);
    begun.push_back(calls.caller.begin(std::move(request), calls.rule, [](const WebAnswer&) { FAIL("cancelled"); }));
  }
  calls.begin(server);
  // Before any of them has a connection.
  for (const uint64_t call : begun) calls.caller.cancel(call);
  run_until(calls.loop, [&calls] { return calls.answers.size() == 1; });
  CHECK(calls.answers.front().problem == "too many calls are under way");
  calls.begin(server);
  run_until(calls.loop, [&calls] { return calls.answers.size() == 2; });
  CHECK(calls.answers.back().status == 200);
}

TEST_CASE("the head is the answer, though the body that it promises never comes") {
  Calls calls;
  FakeOrigin silent(calls.loop, {});
  FakeOrigin stalling(calls.loop, [](Peer& peer) { peer.send(kHeadOfOk); });
  // Its time began earlier: it would end before the other did, were that one's body waited for as long.
  bool silent_ended = false;
  const uint64_t waiting = calls.begin(silent, [&silent_ended] { silent_ended = true; });
  calls.begin(stalling);
  run_until(calls.loop, [&calls] { return !calls.answers.empty(); });
  CHECK_FALSE(silent_ended);
  CHECK(calls.answers.front().status == 200);
  CHECK(calls.answers.front().problem.empty());
  REQUIRE(calls.answers.front().fields.size() == 2);
  CHECK(calls.answers.front().fields.back().second == "ada");
  calls.caller.cancel(waiting);
}

TEST_CASE("a body that follows its head at once leaves the connection to the next call") {
  Calls calls;
  // The body goes out one turn after the head.
  FakeOrigin server(calls.loop, [&calls](Peer& peer) {
    peer.send(kHeadOfOk);
    calls.loop.defer([&calls, &peer] { calls.loop.defer([&peer] { peer.send("ok"); }); });
  });
  for (size_t count = 1; count <= 2; ++count) {
    calls.begin(server);
    run_until(calls.loop, [&calls, count] { return calls.answers.size() == count; });
    CHECK(calls.answers.back().status == 200);
  }
  CHECK(server.peers.size() == 1);
}

}  // namespace ingress::broker
