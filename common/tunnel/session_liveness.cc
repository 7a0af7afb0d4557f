// Time: pings, silence, draining, and the end of a session.
#include <algorithm>
#include <cassert>

#include "common/tunnel/session_core.h"

namespace ingress::tunnel {
namespace {

constexpr size_t kPingFrameBytes = kFrameHeaderBytes + 8;

void put_ping(uint8_t* to, FrameType type, uint64_t number) {
  write_frame_header(to, {8, static_cast<uint8_t>(type), 0, 0});
  put_u32(to + kFrameHeaderBytes, static_cast<uint32_t>(number >> 32));
  put_u32(to + kFrameHeaderBytes + 4, static_cast<uint32_t>(number));
}

}  // namespace

void SessionCore::tick(Time now) {
  if (state_ == State::kOver) return;
  assert(!receiving_);
  now_ = std::max(now_, now);
  const bool stream_waits = !streams_.empty();
  if (established_) {
    switch (liveness_.judge(now_, stream_waits)) {
      case Liveness::Verdict::kDead:
        return fail(Breach::kSilence);
      case Liveness::Verdict::kPing:
        write_ping();
        break;
      case Liveness::Verdict::kFine:
        break;
    }
    if (credit_.bulk_streams() > 0) sample_round_trip();
  } else if (role_ == Role::kAgent && state_ == State::kHello && now_ - began_ >= limits_.ping_idle_timeout) {
    return fail(Breach::kSilence);
  }
  settle();
  release_idle_memory();
}

void SessionCore::ping(Time now) {
  if (state_ != State::kOpen) return;
  now_ = std::max(now_, now);
  owner_ping_ = write_ping();
}

uint64_t SessionCore::write_ping() {
  const uint64_t number = liveness_.ping(now_);
  uint8_t frame[kPingFrameBytes];
  put_ping(frame, FrameType::kPing, number);
  write(frame);
  return number;
}

void SessionCore::write_pong(uint64_t number) {
  uint8_t frame[kPingFrameBytes];
  put_ping(frame, FrameType::kPong, number);
  write(frame);
}

// Windows follow the round trip; while they grow it has to be known.
void SessionCore::sample_round_trip() {
  if (liveness_.wants_sample(now_)) write_ping();
}

void SessionCore::settle() {
  if (state_ == State::kOver) return;
  assert(!receiving_);
  if (pong_pending_ && sink_.room() > 0) {
    pong_pending_ = false;
    write_pong(pending_pong_);
  }
  if (!waiting_.empty()) serve_waiting();
  report_closed();
  check_drained();
}

void SessionCore::check_drained() {
  if (state_ == State::kOver || drained_told_ || !draining() || !streams_.empty() || !can_be_drained()) return;
  drained_told_ = true;
  handler_.on_drained();
}

bool SessionCore::can_be_drained() const {
  return no_more_opens_ || (migrating_ && now_ - migrate_at_ >= limits_.migrate_grace);
}

void SessionCore::release_idle_memory() {
  if (streams_.empty() && last_id_ == last_id_at_tick_) {
    scratch_.reset();
    pool_.release();
    streams_.release();
  }
  last_id_at_tick_ = last_id_;
}

// The GOAWAY tells the peer's log why.
void SessionCore::fail(Breach breach) {
  const Error error = error_of(breach);
  write_goaway(info_of(breach).goaway_reason, error.context);
  enter(State::kOver);
  close_all(error);
  handler_.on_failed(error);
}

void SessionCore::lost(const Error& error) {
  if (state_ == State::kOver && streams_.empty()) return;
  enter(State::kOver);
  Error seen = error;
  seen.side = Side::kTunnel;
  seen.retryable = false;  // how much of what was written has left is not known here
  close_all(seen);
}

}  // namespace ingress::tunnel
