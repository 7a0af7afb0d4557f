// Control messages: the handshake, GOAWAY, CONFIG and EVENT.
#include <algorithm>
#include <cassert>

#include "common/tunnel/control_message.h"
#include "common/tunnel/session_core.h"
#include "proto/tunnel.pb.h"

namespace ingress::tunnel {
namespace {

constexpr uint32_t kVersion = 1;
constexpr uint32_t kFeatureConnectLimit = 1;  // HELLO's features

uint32_t milliseconds(Duration duration) {
  return static_cast<uint32_t>(std::clamp<int64_t>(duration.count(), 0, UINT32_MAX));
}

void take_duration(Duration& to, uint32_t from_milliseconds) {
  if (from_milliseconds != 0) to = Duration{from_milliseconds};
}

}  // namespace

void SessionCore::enter(State state) {
  state_ = state;
  decoder_.allow(allowed_types());
}

uint16_t SessionCore::allowed_types() const {
  const uint16_t goaway = type_bit(FrameType::kGoaway);
  const bool broker = role_ == Role::kBroker;
  switch (state_) {
    case State::kNoHello:
      return broker ? type_bit(FrameType::kHello) | goaway : 0;
    case State::kHello:
      return broker ? goaway : type_bit(FrameType::kWelcome) | type_bit(FrameType::kRefused) | goaway;
    case State::kOpen:
      return type_bit(FrameType::kData) | type_bit(FrameType::kTrailers) | type_bit(FrameType::kReset) |
             type_bit(FrameType::kWindow) | type_bit(FrameType::kPing) | type_bit(FrameType::kPong) | goaway |
             type_bit(broker ? FrameType::kHead : FrameType::kOpen) |
             type_bit(broker ? FrameType::kEvent : FrameType::kConfig);
    case State::kOver:
      break;
  }
  return 0;
}

void SessionCore::on_hello(Bytes payload) {
  pb::Hello hello;
  if (!read_message(hello, payload)) return fail(Breach::kBadMessage);
  if (hello.initial_window_bytes() > kMaxCreditBytes) return fail(Breach::kFlowControl);
  peer_window_bytes_ = hello.initial_window_bytes();
  peer_takes_connect_limit_ = (hello.features() & kFeatureConnectLimit) != 0;
  enter(State::kHello);
  handler_.on_hello(hello);
}

void SessionCore::on_welcome(Bytes payload) {
  pb::Welcome welcome;
  if (!read_message(welcome, payload)) return fail(Breach::kBadMessage);
  if (welcome.version() != kVersion) return fail(Breach::kBadVersion);
  take_over(welcome);
  established_ = true;
  enter(State::kOpen);
  handler_.on_welcome(welcome);
}

void SessionCore::take_over(const pb::Welcome& welcome) {
  if (welcome.max_streams() != 0) limits_.max_streams = std::min(limits_.max_streams, welcome.max_streams());
  take_duration(limits_.ping_idle, welcome.ping_idle_ms());
  take_duration(limits_.ping_busy_timeout, welcome.ping_busy_timeout_ms());
  take_duration(limits_.ping_idle_timeout, welcome.ping_idle_timeout_ms());
}

void SessionCore::on_refused(Bytes payload) {
  pb::Refused refused;
  if (!read_message(refused, payload)) return fail(Breach::kBadMessage);
  enter(State::kOver);
  handler_.on_refused(refused);
}

void SessionCore::on_goaway(Bytes payload) {
  pb::Goaway goaway;
  if (!read_message(goaway, payload)) return fail(Breach::kBadMessage);
  goaway_received_ = true;
  if (role_ == Role::kAgent && goaway.reason() == pb::Goaway::MIGRATE) {
    migrating_ = !goaway_sent_;
    migrate_at_ = now_;
  } else {
    no_more_opens_ = true;
  }
  handler_.on_goaway(goaway);
}

void SessionCore::on_event(Bytes payload) {
  pb::Event event;
  if (!read_message(event, payload)) return fail(Breach::kBadMessage);
  handler_.on_event(event);
}

void SessionCore::on_config(Bytes payload) {
  pb::Config config;
  if (!read_message(config, payload)) return fail(Breach::kBadMessage);
  handler_.on_config(config);
}

void SessionCore::send_hello(const pb::Hello& hello) {
  assert(role_ == Role::kAgent && state_ == State::kNoHello);
  pb::Hello message = hello;
  message.set_initial_window_bytes(limits_.grants_late ? 0 : limits_.initial_window_bytes);
  message.set_features(kFeatureConnectLimit);
  began_ = now_;
  enter(State::kHello);
  write_message(FrameType::kHello, message);
}

void SessionCore::send_welcome(const pb::Welcome& welcome) {
  if (state_ == State::kOver) return;
  assert(role_ == Role::kBroker && state_ == State::kHello);
  pb::Welcome message = welcome;
  message.set_version(kVersion);
  message.set_initial_window_bytes(limits_.initial_window_bytes);
  message.set_max_streams(limits_.max_streams);
  message.set_ping_idle_ms(milliseconds(limits_.ping_idle));
  message.set_ping_busy_timeout_ms(milliseconds(limits_.ping_busy_timeout));
  message.set_ping_idle_timeout_ms(milliseconds(limits_.ping_idle_timeout));
  write_message(FrameType::kWelcome, message);
  established_ = true;
  enter(State::kOpen);
}

void SessionCore::send_refused(const pb::Refused& refused) {
  if (state_ == State::kOver) return;
  assert(role_ == Role::kBroker && state_ == State::kHello);
  write_message(FrameType::kRefused, refused);
  enter(State::kOver);
}

void SessionCore::send_goaway(const pb::Goaway& goaway) {
  if (state_ == State::kOver) return;
  write_message(FrameType::kGoaway, goaway);
  goaway_sent_ = true;
  if (role_ == Role::kAgent) {
    migrating_ = false;
    if (established_ && !no_more_opens_) {
      // An OPEN may be on its way; it comes before the PONG. What was told after a MIGRATE's grace is told again then.
      goaway_ping_ = write_ping();
      drained_told_ = false;
    }
  } else if (goaway.reason() == pb::Goaway::MIGRATE) {
    migrating_ = !no_more_opens_;
    migrate_at_ = now_;
  } else {
    no_more_opens_ = true;
  }
}

void SessionCore::send_config(const pb::Config& config) {
  if (state_ == State::kOver) return;
  assert(role_ == Role::kBroker && established_);
  write_message(FrameType::kConfig, config, kFlagIgnorable);
}

void SessionCore::send_event(const pb::Event& event) {
  if (state_ == State::kOver) return;
  assert(role_ == Role::kAgent && established_);
  write_message(FrameType::kEvent, event, kFlagIgnorable);
}

void SessionCore::write_goaway(int reason, const char* text) {
  pb::Goaway goaway;
  goaway.set_reason(static_cast<pb::Goaway::Reason>(reason));
  goaway.set_message(text);
  write_message(FrameType::kGoaway, goaway);
}

void SessionCore::write_migrate(const char* text) { write_goaway(pb::Goaway::MIGRATE, text); }

void SessionCore::write_message(FrameType type, const google::protobuf::MessageLite& message, uint8_t flags) {
  const size_t size = message.ByteSizeLong();
  assert(size <= kMaxHeadBytes);
  ByteBuffer out;  // not the scratch: an idle session keeps none
  uint8_t* to = out.reserve(kFrameHeaderBytes + size);
  write_frame_header(to, {static_cast<uint32_t>(size), static_cast<uint8_t>(type), flags, 0});
  message.SerializeToArray(to + kFrameHeaderBytes, static_cast<int>(size));
  out.commit(kFrameHeaderBytes + size);
  write(out.view());
}

}  // namespace ingress::tunnel
