// Raw bytes into a session of either role, in any split, with streams open and handlers that send, consume and abandon
// as the input says. Nothing may crash; each handler's on_closed comes at most once and last; nothing is left.
#include "tunnel_fuzz.h"

namespace ingress::tunnel {
namespace {

using fuzz::Input;
using fuzz::require;

struct World;

struct Handler final : StreamHandler {
  explicit Handler(World& owner) : world(owner) {}
  void on_head(const http::ResponseHead&, bool) override { act(); }
  void on_data(MutableBytes payload, bool) override;
  void on_trailers(const http::Fields&) override { act(); }
  void on_sendable() override {
    require(stream != nullptr && stream->sendable() > 0);
    act();
  }
  void on_closed(const Error&, ResetCode) override {
    require(stream != nullptr);
    if (act_in_closed()) stream->abandon(ResetCode::kCancelled);
    stream = nullptr;
  }
  void act();
  void send(uint8_t what);
  void send_body(uint8_t what);
  bool act_in_closed();

  World& world;
  Stream* stream = nullptr;
  size_t held = 0;
};

struct World final : SessionHandler {
  World(Role given_role, Bytes given_script)
      : role(given_role), script(given_script), session(role, *this, sink, limits(), now) {}
  ~World() {
    session.lost(Error{});
    for (const auto& handler : handlers) require(handler->stream == nullptr);
    require(session.stream_count() == 0);
    require(session.activity().open == 0 && session.activity().upgraded == 0);
  }
  static SessionLimits limits() {
    SessionLimits limits;
    limits.max_streams = 20;
    limits.last_stream_id = 30;
    limits.window_budget_bytes = 100000;
    return limits;
  }

  void on_hello(const pb::Hello&) override {
    const uint8_t what = script.byte();
    if (what % 4 == 1) {
      session.send_refused({});
    } else if (what % 4 != 2) {
      session.send_welcome({});
    }
  }
  StreamHandler* on_open(Stream& stream, const OpenHead&, bool) override {
    Handler& handler = add();
    handler.stream = &stream;
    const uint8_t what = script.byte();
    if (what % 8 == 1) {
      handler.stream = nullptr;
      return nullptr;
    }
    handler.act();
    return &handler;
  }
  void on_failed(const Error&) override {
    require(session.stream_count() == 0);
    failed = true;
  }

  Handler& add() { return *handlers.emplace_back(std::make_unique<Handler>(*this)); }
  void open() {
    OpenHead head;
    head.port = 1;
    head.upgrade = script.byte() % 2 == 0;
    head.request.method = "GET";
    head.request.target = "/";
    Handler& handler = add();
    Error why;
    handler.stream = session.open(head, script.byte() % 2 == 0, &handler, now, why);
  }
  void receive(Bytes bytes) {
    fuzz::Payload payload(bytes);
    received_bytes += bytes.size();
    session.receive(payload.span(), now);
  }
  void run(Bytes raw) {
    const uint8_t opening = script.byte();
    if (role == Role::kAgent && opening % 8 != 4) session.send_hello({});
    if (opening % 4 != 0) receive(fuzz::opening_of_peer(role));
    if (role == Role::kBroker) {
      for (int i = script.byte() % 5; i > 0; --i) open();
    }
    const size_t piece = script.byte();
    while (!raw.empty()) {
      const size_t size = piece == 0 ? raw.size() : std::min(raw.size(), piece);
      receive(raw.first(size));
      raw = raw.subspan(size);
      between();
    }
    require(session.sent_bytes() == sink.out.size());
    require(session.received_bytes() <= received_bytes);
    require(session.established() || session.stream_count() == 0);
    require(session.round_trip() >= Duration{0});
  }
  void send_goaway() {
    pb::Goaway goaway;
    goaway.set_reason(static_cast<pb::Goaway::Reason>(script.byte() % 4));
    session.send_goaway(goaway);
  }
  void tell() {
    if (role == Role::kBroker) {
      session.send_config({});
    } else {
      session.send_event({});
    }
  }
  void between() {
    const uint8_t what = script.byte();
    now += Duration{what * 20};
    if (what % 3 == 0) session.tick(now);
    sink.room_bytes = what % 5 == 0 ? 0 : what * 100;
    if (what % 7 == 0) session.on_room();
    if (what == 255) send_goaway();
    if (what == 254) session.ping(now);
    if (what == 253 && session.established()) tell();
    if (role == Role::kBroker && what % 16 == 3 && handlers.size() < 40) open();
  }

  Role role;
  Input script;
  Time now{Duration{1000}};
  fuzz::Sink sink;
  uint64_t received_bytes = 0;
  std::vector<std::unique_ptr<Handler>> handlers;
  bool failed = false;
  Session session;
};

void Handler::on_data(MutableBytes payload, bool end) {
  require(stream != nullptr);
  require(!payload.empty() || end);
  if (!payload.empty()) std::fill_n(payload.data() - kHeadroomBytes, kHeadroomBytes, 0xaa);
  held += payload.size();
  require(held <= 32768 + 100000);
  act();
}

bool Handler::act_in_closed() { return world.script.byte() % 2 == 0; }

void Handler::send(uint8_t what) {
  if (world.role == Role::kBroker) return send_body(what);
  http::ResponseHead head;
  head.status = what & 8 ? 200 : 103;
  if (what & 16) head.fields = {{"A", "b\n"}};
  stream->send_head(head, (what & 32) != 0);
}

void Handler::send_body(uint8_t what) {
  if ((what & 0xe0) == 0xe0) {
    stream->send_trailers({{"T", what & 16 ? "b\n" : "b"}});
    return;
  }
  const size_t size = std::min<size_t>(stream->sendable(), what * size_t{10});
  const std::vector<uint8_t> body(size, 'x');
  fuzz::Payload payload(body);
  stream->send_data(payload.span(), (what & 8) != 0);
}

void Handler::act() {
  if (stream == nullptr) return;
  const uint8_t what = world.script.byte();
  if (what & 1) {
    const size_t bytes = what & 2 ? held : held / 2;
    held -= bytes;
    stream->consumed(bytes);
  }
  if (what & 4) send(what);
  if (what & 64) send_body(what);
  if (what % 32 == 31) {
    Handler& other = *world.handlers[world.script.byte() % world.handlers.size()];
    if (Stream* gone = std::exchange(other.stream, nullptr)) gone->abandon(ResetCode::kInternal);
  }
  if (what == 0xf0) world.session.lost(Error{});
}

}  // namespace
}  // namespace ingress::tunnel

// Two bytes: the role, and the length of the script; the script; the raw bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ingress;
  tunnel::fuzz::Input input(Bytes{data, size});
  const auto role = input.byte() % 2 == 0 ? tunnel::Role::kBroker : tunnel::Role::kAgent;
  const Bytes script = input.bytes(input.byte());
  tunnel::World world(role, script);
  world.run(input.rest());
  return 0;
}
