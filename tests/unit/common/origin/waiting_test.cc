// A port that refuses for a moment, because its server restarts.
#include <doctest/doctest.h>

#include <memory>

#include "common/uv/timer.h"
#include "tests/unit/common/origin/fake_origin.h"

using namespace ingress;
using namespace ingress::origin;
using namespace ingress::origin::test;

namespace {

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// An origin that has served one request and is gone.
struct Gone {
  explicit Gone(Bench& with) : bench(with), origin(std::make_unique<FakeOrigin>(bench.loop, answering(kOk))) {
    target = origin->target();
    address = target.addresses.front().to_text();
    Recorder recorder;
    bench.run(target, recorder);
    REQUIRE(recorder.completions == 1);
    origin.reset();
    run_until(bench.loop, [this] { return bench.pool.idle_count() == 0; });
  }
  void back() { origin = std::make_unique<FakeOrigin>(bench.loop, answering(kOk), address.c_str()); }

  Bench& bench;
  std::unique_ptr<FakeOrigin> origin;
  Target target;
  std::string address;
};

}  // namespace

TEST_CASE("a port that accepted lately and refuses is tried again until it is back, whatever the method") {
  for (const char* method : {"GET", "POST"}) {
    Bench bench;
    bench.timeouts.refused_wait = Duration(60'000);
    Gone gone(bench);
    Recorder recorder;
    const std::unique_ptr<Exchange> exchange = bench.start(gone.target, recorder, method);
    uv::Timer returns(bench.loop, [&gone] { gone.back(); });
    returns.start(Duration(250));
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    INFO(std::string(method) << ": " << std::string(recorder.failure.context));
    REQUIRE(recorder.completions == 1);
    CHECK(recorder.body == "ok");
    CHECK(gone.origin->peers.size() == 1);
  }
}

TEST_CASE("a port that stays away is given up when the wait is over, and one that was never there at once") {
  Bench bench;
  bench.timeouts.refused_wait = Duration(150);
  Gone gone(bench);
  const Time begun = bench.loop.now();
  Recorder recorder;
  bench.run(gone.target, recorder);
  CHECK(recorder.failed);
  CHECK(recorder.failure.code == ErrorCode::kConnectFailed);
  CHECK(bench.loop.now() - begun >= Duration(150));
  bench.timeouts.refused_wait = Duration(3'600'000);
  const int closed = FakeOrigin(bench.loop, {}).port;
  Recorder never;
  bench.run(Target{{{"127.0.0.1", closed, {}}}, {}, 0, "never"}, never);
  CHECK(never.failed);
}

TEST_CASE("a port that others have seen listen lately is waited for, though the pool never reached it") {
  for (const Protocol protocol : {Protocol::kHttp1, Protocol::kH2c}) {
    Bench bench;
    bench.timeouts.refused_wait = Duration(150);
    const int closed = FakeOrigin(bench.loop, {}).port;
    const Target target{{{"127.0.0.1", closed, {}}}, {}, 0, "seen"};
    std::string asked;
    bench.pool.set_witness([&asked](const Target& about) {
      asked = about.key;
      return true;
    });
    const Time begun = bench.loop.now();
    Recorder recorder;
    Request request;
    request.method = "GET";
    request.target = "/";
    request.fields = &bench.fields;
    request.end = true;
    request.protocol = protocol;
    const std::unique_ptr<Exchange> exchange = bench.pool.start(target, request, bench.timeouts, recorder);
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.failed);
    CHECK(asked == "seen");
    CHECK(bench.loop.now() - begun >= Duration(150));
  }
}

TEST_CASE("who leaves while a port is waited for is not called") {
  Bench bench;
  bench.timeouts.refused_wait = Duration(60'000);
  Gone gone(bench);
  Recorder recorder;
  std::unique_ptr<Exchange> exchange = bench.start(gone.target, recorder);
  uv::Timer leaves(bench.loop, [&exchange] { exchange.reset(); });
  leaves.start(Duration(120));
  run_until(bench.loop, [&exchange] { return exchange == nullptr; });
  CHECK_FALSE(recorder.over());
}
