// Random operations on many streams in both directions, over a pipe that splits and delays as it likes, against a
// model: every byte arrives once and in order, credit is neither lost nor overrun, and in the end nothing is left.
#include <random>

#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::Pair;
using test::Payload;

using Random = std::mt19937;

char byte_of(uint32_t seed, size_t at) { return static_cast<char>(seed * size_t{31} + at * 7 + at / 251); }

// One direction of one stream: what was sent, what has come, what the reader has still to pass on.
struct Flow {
  uint32_t seed = 0;
  size_t sent = 0;
  size_t received = 0;
  size_t unread = 0;
  bool sent_end = false;
  bool received_end = false;
};

struct Model;

// One end of a stream.
struct Half final : StreamHandler {
  Half(Flow& flow_out, Flow& flow_in) : out(flow_out), in(flow_in) {}

  void on_head(const http::ResponseHead& head, bool end) override {
    REQUIRE_FALSE(head_done);
    head_done = head.status >= 200;
    if (end) in.received_end = true;
  }
  void on_data(MutableBytes payload, bool end) override {
    bool same = true;
    for (const uint8_t byte : payload) same &= static_cast<char>(byte) == byte_of(in.seed, in.received++);
    REQUIRE(same);
    REQUIRE(in.received <= in.sent);
    in.unread += payload.size();
    if (end) in.received_end = true;
  }
  void on_trailers(const http::Fields&) override { in.received_end = true; }
  void on_sendable() override {
    REQUIRE(stream->sendable() > 0);
    blocked = false;
  }
  void on_closed(const Error& error, ResetCode) override {
    complete = error.code == ErrorCode::kClosed;
    stream = nullptr;
  }

  void send(Random& random) {
    if (stream == nullptr || out.sent_end) return;
    const size_t sendable = stream->sendable();
    const bool end = random() % 12 == 0;
    if (sendable == 0 && !end) {
      blocked = true;
      return;
    }
    REQUIRE((sendable > 0 || blocked || end));
    const size_t size = std::min<size_t>(sendable, random() % 4 == 0 ? random() % 300000 : random() % 3000);
    if (end && random() % 4 == 0) {
      out.sent_end = true;
      stream->send_trailers({{"T", "1"}});
      return;
    }
    std::string text(size, '\0');
    for (char& c : text) c = byte_of(out.seed, out.sent++);
    out.sent_end = end;
    Payload payload(text);
    stream->send_data(payload.span(), end);
  }
  void read(Random& random) {
    if (stream == nullptr || in.unread == 0) return;
    const size_t size = random() % 3 == 0 ? in.unread : random() % in.unread + 1;
    in.unread -= size;
    stream->consumed(size);
  }
  void abandon(ResetCode code) {
    if (Stream* gone = std::exchange(stream, nullptr)) gone->abandon(code);
  }

  Flow& out;
  Flow& in;
  Stream* stream = nullptr;
  bool head_done = false;
  bool head_sent = false;
  bool blocked = false;
  bool complete = false;
};

struct Exchange {
  explicit Exchange(uint32_t seed)
      : request{seed}, response{seed + 1000}, client(request, response), server(response, request) {
    server.head_done = true;
  }
  Flow request, response;
  Half client, server;
  bool broken = false;
};

struct Model final : SessionHandler {
  explicit Model(uint32_t seed)
      : random(seed),
        broker(Role::kBroker, *this, to_agent, limits(), now),
        agent(Role::kAgent, *this, to_broker, limits(), now) {
    agent.send_hello({});
    settle();
    broker.send_welcome({});
    settle();
  }
  ~Model() {
    broker.lost({});
    agent.lost({});
  }

  static SessionLimits limits() {
    SessionLimits limits;
    limits.window_budget_bytes = 2 << 20;
    return limits;
  }

  StreamHandler* on_open(Stream& stream, const OpenHead&, bool end) override {
    Exchange& exchange = *exchanges.at(stream.id() - 1);
    exchange.server.stream = &stream;
    exchange.request.received_end = end;
    return &exchange.server;
  }
  void on_failed(const Error& error) override { FAIL(error.context); }

  void step() {
    const uint32_t what = static_cast<uint32_t>(random() % 100);
    if (what < 6 && live() < 50) return open();
    if (what < 40) {
      if (exchanges.empty()) return;
      Exchange& exchange = *exchanges[exchanges.size() - 1 - random() % std::min<size_t>(exchanges.size(), 60)];
      return act(exchange);
    }
    if (what < 60) return deliver(to_agent, agent);
    if (what < 80) return deliver(to_broker, broker);
    if (what < 90) {
      to_agent.room_bytes = random() % 3 == 0 ? 0 : random() % 100000;
      to_broker.room_bytes = random() % 3 == 0 ? 0 : random() % 100000;
      broker.on_room();
      agent.on_room();
      return;
    }
    now += Duration{random() % 200};
    if (random() % 10 == 0) {
      broker.tick(now);
      agent.tick(now);
    }
  }
  size_t live() const { return broker.stream_count(); }

  void open() {
    exchanges.push_back(std::make_unique<Exchange>(static_cast<uint32_t>(exchanges.size())));
    Exchange& exchange = *exchanges.back();
    OpenHead head;
    head.port = 1;
    head.request.method = "POST";
    head.request.target = "/";
    Error why;
    exchange.request.sent_end = random() % 3 == 0;
    exchange.client.stream = broker.open(head, exchange.request.sent_end, &exchange.client, now, why);
    REQUIRE(exchange.client.stream != nullptr);
  }

  void act(Exchange& exchange) {
    Half& half = random() % 2 == 0 ? exchange.client : exchange.server;
    if (&half == &exchange.server && !half.head_sent) {
      if (half.stream == nullptr || random() % 2 == 0) return;
      const bool interim = random() % 4 == 0;
      half.head_sent = !interim;
      half.out.sent_end = !interim && random() % 8 == 0;
      http::ResponseHead head;
      head.status = interim ? 103 : 200;
      half.stream->send_head(head, half.out.sent_end);
      return;
    }
    const uint32_t what = static_cast<uint32_t>(random() % 50);
    if (what == 0) {
      exchange.broken = true;
      half.abandon(ResetCode::kCancelled);
    } else if (what < 25) {
      half.send(random);
    } else {
      half.read(random);
    }
  }

  void deliver(test::MemorySink& from, Session& to) {
    if (from.out.empty()) return;
    const size_t size = random() % 2 == 0 ? from.out.size() : random() % std::min<size_t>(from.out.size(), 5000) + 1;
    Payload payload(Bytes(from.out).first(size));
    from.out.erase(from.out.begin(), from.out.begin() + static_cast<ptrdiff_t>(size));
    to.receive(payload.span(), now);
  }
  void settle() {
    while (!to_agent.out.empty() || !to_broker.out.empty()) {
      deliver(to_agent, agent);
      deliver(to_broker, broker);
    }
  }
  // Lets everything that is under way end by itself.
  void finish() {
    to_agent.room_bytes = to_broker.room_bytes = 1 << 20;
    for (int round = 0; round < 3000 && (broker.stream_count() > 0 || agent.stream_count() > 0); ++round) {
      for (auto& exchange : exchanges) {
        for (Half* half : {&exchange->client, &exchange->server}) {
          half->read(random);
          if (half == &exchange->server && !half->head_sent && half->stream != nullptr) {
            half->head_sent = true;
            half->stream->send_head(test::response(200), false);
          }
          if (half == &exchange->client || half->head_sent) half->send(random);
        }
      }
      settle();
      now += Duration{1};
      broker.tick(now);
      agent.tick(now);
      settle();
    }
  }

  Random random;
  Time now{Duration{1000}};
  test::MemorySink to_agent, to_broker;
  std::vector<std::unique_ptr<Exchange>> exchanges;
  Session broker, agent;
};

TEST_CASE("random streams in both directions arrive whole, in order, within their credit") {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Model model(seed);
    for (int i = 0; i < 6000; ++i) model.step();
    model.finish();
    REQUIRE(model.broker.stream_count() == 0);
    REQUIRE(model.agent.stream_count() == 0);
    size_t complete = 0;
    size_t bytes = 0;
    for (const auto& exchange : model.exchanges) {
      if (exchange->broken) continue;
      REQUIRE(exchange->client.complete);
      REQUIRE(exchange->server.complete);
      for (const Flow* flow : {&exchange->request, &exchange->response}) {
        REQUIRE(flow->sent == flow->received);
        REQUIRE(flow->sent_end);
        REQUIRE(flow->received_end);
        bytes += flow->sent;
      }
      ++complete;
    }
    CHECK(complete > 20);
    CHECK(bytes > 100000);
  }
}

}  // namespace
}  // namespace ingress::tunnel
