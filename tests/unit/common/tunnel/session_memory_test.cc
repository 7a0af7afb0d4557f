// What sessions cost: counted by an allocator of this program's own. Sanitizers bring theirs, and are left alone.
#include <cstdlib>
#include <new>

#include "common/tunnel/session_core.h"
#include "session_pair.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_ASAN 1
#endif
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(TEST_ASAN)

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC sees free() inlined, and not that new is malloc()
#endif

namespace {
size_t allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace ingress::tunnel {
namespace {

// A sink and handlers that do not allocate.
struct QuietSink final : FrameSink {
  void write(Bytes bytes) override {
    std::memcpy(out.data() + size, bytes.data(), bytes.size());
    size += bytes.size();
  }
  size_t room() const override { return 1 << 20; }
  std::vector<uint8_t> out = std::vector<uint8_t>(1 << 16);
  size_t size = 0;
};

struct QuietStream final : StreamHandler {
  void on_head(const http::ResponseHead&, bool) override {}
  void on_data(MutableBytes payload, bool) override { stream->consumed(payload.size()); }
  void on_trailers(const http::Fields&) override {}
  void on_sendable() override {}
  void on_closed(const Error& error, ResetCode) override { closed += error.code == ErrorCode::kClosed ? 1 : 0; }
  Stream* stream = nullptr;
  size_t closed = 0;
};

struct QuietSession final : SessionHandler {
  StreamHandler* on_open(Stream& stream, const OpenHead&, bool) override {
    http::ResponseHead& head = answer;
    stream.send_head(head, false);
    stream.send_data(MutableBytes(body).subspan(kHeadroomBytes), true);
    handler.stream = &stream;
    return &handler;
  }
  void on_failed(const Error&) override { failed = true; }
  QuietStream handler;
  http::ResponseHead answer{200, "OK", 1, {{"Content-Type", "text/plain"}, {"Content-Length", "12"}}};
  std::vector<uint8_t> body = std::vector<uint8_t>(kHeadroomBytes + 12, 'x');
  bool failed = false;
};

struct QuietPair {
  QuietPair()
      : broker(Role::kBroker, broker_handler, broker_sink, {}, now),
        agent(Role::kAgent, agent_handler, agent_sink, {}, now) {
    agent.send_hello({});
    pump();
    broker.send_welcome({});
    pump();
  }
  ~QuietPair() {
    broker.lost({});
    agent.lost({});
  }
  void pump() {
    move(agent_sink, broker);
    move(broker_sink, agent);
    move(agent_sink, broker);
  }
  void move(QuietSink& from, Session& to) {
    to.receive(MutableBytes(from.out).first(std::exchange(from.size, 0)), now);
  }
  Time now{Duration{1}};
  QuietSession broker_handler, agent_handler;
  QuietSink broker_sink, agent_sink;
  Session broker, agent;
};

TEST_CASE("an idle session is small") {
  CHECK(sizeof(SessionCore) + sizeof(Session) <= 568);
  CHECK(sizeof(Stream) <= 104);
}

TEST_CASE("an established idle session owns nothing but itself") {
  QuietPair pair;
  OpenHead head;
  head.port = 80;
  head.request.method = "GET";
  head.request.target = "/";
  Error why;
  QuietStream handler;
  handler.stream = pair.broker.open(head, true, &handler, pair.now, why);
  pair.pump();
  CHECK(handler.closed == 1);
  // Two ticks without streams later everything that streams needed is gone: the next one allocates again.
  for (int i = 0; i < 3; ++i) {
    pair.now += Duration{1000};
    pair.broker.tick(pair.now);
    pair.agent.tick(pair.now);
  }
  const size_t before = allocations;
  handler.stream = pair.broker.open(head, true, &handler, pair.now, why);
  CHECK(allocations - before >= 4);  // scratch, its buffer, a block of streams, the table
  pair.pump();
  CHECK(handler.closed == 2);
}

TEST_CASE("requests allocate nothing once the session is warm") {
  QuietPair pair;
  OpenHead head;
  head.port = 80;
  head.request.method = "GET";
  head.request.target = "/some/path";
  for (int i = 0; i < 12; ++i) head.request.fields.push_back({"Some-Name", "some value that is not short"});
  Error why;
  std::vector<QuietStream> handlers(64);
  size_t before = 0;
  for (int round = 0; round < 200; ++round) {
    if (round == 2) before = allocations;
    for (QuietStream& handler : handlers) handler.stream = pair.broker.open(head, true, &handler, pair.now, why);
    pair.pump();
  }
  CHECK(allocations == before);
  for (const QuietStream& handler : handlers) CHECK(handler.closed == 200);
  CHECK_FALSE(pair.broker_handler.failed);
}

}  // namespace
}  // namespace ingress::tunnel

#endif
