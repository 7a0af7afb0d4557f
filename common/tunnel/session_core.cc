// Frames in.
#include "common/tunnel/session_core.h"

#include <algorithm>
#include <cassert>

namespace ingress::tunnel {
namespace {

// 1xx heads before the final one; more are an origin gone astray.
constexpr uint8_t kMostInterimHeads = 64;
constexpr size_t kKeptFields = 512;
constexpr size_t kKeptOutputBytes = size_t{16} * 1024;

uint64_t get_u64(const uint8_t* from) { return uint64_t{get_u32(from)} << 32 | get_u32(from + 4); }

void trim(http::Fields& fields) {
  if (fields.capacity() > kKeptFields) http::Fields().swap(fields);
}

}  // namespace

SessionCore::SessionCore(Role role, SessionHandler& handler, FrameSink& sink, const SessionLimits& limits, Time now)
    : handler_(handler),
      sink_(sink),
      limits_(limits),
      liveness_(limits_, role == Role::kBroker, now),
      credit_(limits_),
      waiting_(Stream::Listed::kWaiting),
      closing_(Stream::Listed::kClosing),
      now_(now),
      began_(now),
      role_(role) {
  enter(State::kNoHello);
}

SessionCore::~SessionCore() { assert(streams_.empty()); }

SessionCore::Scratch& SessionCore::scratch() {
  if (scratch_ == nullptr) scratch_ = std::make_unique<Scratch>();
  return *scratch_;
}

void SessionCore::receive(MutableBytes bytes, Time now) {
  if (state_ == State::kOver || bytes.empty()) return;
  assert(!receiving_);
  receiving_ = true;
  now_ = std::max(now_, now);
  received_bytes_ += bytes.size();
  liveness_.received(now_);
  report_closed();
  while (state_ != State::kOver && step(bytes)) {
    if (!closing_.empty()) report_closed();
  }
  receiving_ = false;
  trim_scratch();
  settle();
}

bool SessionCore::step(MutableBytes& input) {
  switch (decoder_.next(input)) {
    case FrameDecoder::Event::kNeedMore:
      return false;
    case FrameDecoder::Event::kFrame:
      on_frame();
      return true;
    case FrameDecoder::Event::kData:
      on_data_piece();
      return true;
    case FrameDecoder::Event::kError:
      break;
  }
  fail(decoder_.breach());
  return false;
}

void SessionCore::on_frame() {
  const Bytes payload = decoder_.payload();
  switch (static_cast<FrameType>(decoder_.header().type)) {
    case FrameType::kOpen:
      return on_open(payload);
    case FrameType::kHead:
      return on_head(payload);
    case FrameType::kTrailers:
      return on_trailers(payload);
    case FrameType::kReset:
      return on_reset(payload);
    case FrameType::kWindow:
      return on_window(payload);
    case FrameType::kPing:
      return on_ping(payload);
    case FrameType::kPong:
      return on_pong(payload);
    case FrameType::kHello:
      return on_hello(payload);
    case FrameType::kWelcome:
      return on_welcome(payload);
    case FrameType::kRefused:
      return on_refused(payload);
    case FrameType::kGoaway:
      return on_goaway(payload);
    case FrameType::kEvent:
      return on_event(payload);
    case FrameType::kConfig:
      return on_config(payload);
    case FrameType::kData:
      break;  // never handed out whole
  }
}

// The stream that the frame is for; nullptr where it is closed already (the frame is dropped) or was never opened (the
// session has failed).
Stream* SessionCore::stream_of_frame() {
  const uint32_t id = decoder_.header().stream_id;
  Stream* stream = streams_.find(id);
  if (stream == nullptr && id > last_id_) fail(Breach::kUnknownStream);
  return stream;
}

void SessionCore::on_data_piece() {
  const FrameHeader& header = decoder_.header();
  Stream* stream = stream_of_frame();
  if (stream == nullptr) return;
  if (decoder_.first_piece()) {
    if (stream->receive_ended_ || (role_ == Role::kBroker && !stream->head_done_)) return fail(Breach::kBrokenStream);
    if (!credit_.admit(stream->receive_, header.length, now_)) return fail(Breach::kFlowControl);
  }
  const bool end = decoder_.last_piece() && (header.flags & kFlagEnd) != 0;
  if (decoder_.payload().empty() && !end) return;
  if (end) end_receiving(*stream);
  stream->handler_->on_data(decoder_.payload(), end);
}

void SessionCore::on_open(Bytes payload) {
  const uint32_t id = decoder_.header().stream_id;
  if (id != last_id_ + 1 || id > kLastStreamId) return fail(Breach::kUnknownStream);
  OpenHead& head = scratch().open;
  uint32_t grant_bytes = 0;
  if (!decode_open(payload, head, grant_bytes)) return fail(Breach::kBadHead);
  if (grant_bytes > kMaxCreditBytes) return fail(Breach::kFlowControl);
  last_id_ = id;
  if (!is_known(head.kind) || streams_.size() >= limits_.max_streams) {
    return write_reset(id, ResetCode::kRefused);
  }
  const bool end = (decoder_.header().flags & kFlagEnd) != 0;
  drained_told_ = false;
  Stream& stream = add_stream(id, grant_bytes, nullptr);
  stream.upgrade_ = head.upgrade;
  count_begin(stream, head.kind == StreamKind::kProbe);
  if (end) end_receiving(stream);
  cut_in_open_ = false;
  StreamHandler* handler = handler_.on_open(stream, head, end);
  if (cut_in_open_ && handler != nullptr) {
    handler->on_closed({ErrorCode::kClosed, Side::kTunnel, false, 0, "the session was lost"}, ResetCode::kCancelled);
  }
  if (stream.id_ != id) return;  // abandoned, or cut
  if (handler == nullptr) return abandon(stream, ResetCode::kRefused);
  stream.handler_ = handler;
}

void SessionCore::on_head(Bytes payload) {
  Stream* stream = stream_of_frame();
  if (stream == nullptr) return;
  if (stream->receive_ended_ || stream->head_done_) return fail(Breach::kBrokenStream);
  http::ResponseHead& head = scratch().head;
  uint32_t grant_bytes = 0;
  if (!decode_head(payload, head, grant_bytes)) return fail(Breach::kBadHead);
  const bool end = (decoder_.header().flags & kFlagEnd) != 0;
  const bool switching = head.status == 101;
  const bool interim = head.status < 200 && !switching;
  if (interim && end) return fail(Breach::kBrokenStream);
  if (!grant(*stream, grant_bytes)) return fail(Breach::kFlowControl);
  if (interim) stream->interim_bytes_ += static_cast<uint32_t>(payload.size());
  const bool too_much =
      interim && (++stream->interim_heads_ > kMostInterimHeads || stream->interim_bytes_ > kMaxHeadBytes);
  if ((switching && !stream->upgrade_) || too_much) {
    return break_off(*stream, ResetCode::kOriginProtocol);
  }
  stream->head_done_ = !interim;
  stream->opaque_ = switching;
  if (switching) count_upgrade(*stream);
  if (end) end_receiving(*stream);
  stream->handler_->on_head(head, end);
}

void SessionCore::on_trailers(Bytes payload) {
  Stream* stream = stream_of_frame();
  if (stream == nullptr) return;
  const bool before_head = role_ == Role::kBroker && !stream->head_done_;
  if (stream->receive_ended_ || before_head || stream->opaque_) return fail(Breach::kBrokenStream);
  http::Fields& trailers = scratch().trailers;
  if (!decode_trailers(payload, trailers)) return fail(Breach::kBadHead);
  end_receiving(*stream);
  stream->handler_->on_trailers(trailers);
}

void SessionCore::on_reset(Bytes payload) {
  Stream* stream = stream_of_frame();
  if (stream == nullptr) return;
  const ResetCode code = reset_code_of(get_u32(payload.data()));
  const bool answered = role_ == Role::kBroker ? stream->receive_ended_ : stream->send_ended_;
  Error error = error_of(code);
  if (code == ResetCode::kStopSending && answered) error = {ErrorCode::kClosed, Side::kTunnel, false, 0, "complete"};
  close_stream(*stream, error, code);
}

void SessionCore::on_window(Bytes payload) {
  Stream* stream = stream_of_frame();
  if (stream == nullptr) return;
  const uint32_t bytes = get_u32(payload.data());
  if (bytes == 0) return fail(Breach::kBadFrame);
  if (!grant(*stream, bytes)) fail(Breach::kFlowControl);
}

bool SessionCore::grant(Stream& stream, uint32_t bytes) {
  if (bytes > kMaxCreditBytes - stream.send_credit_) return false;
  stream.send_credit_ += bytes;
  if (bytes > 0 && stream.starved_ && !stream.send_ended_) {
    stream.starved_ = false;
    if (stream.listed_ == Stream::Listed::kNot) waiting_.push_back(stream);
  }
  return true;
}

void SessionCore::on_ping(Bytes payload) {
  const uint64_t number = get_u64(payload.data());
  // A peer that asks without reading the answers must not fill our memory with them.
  if (sink_.room() > 0) return write_pong(number);
  pending_pong_ = number;
  pong_pending_ = true;
}

void SessionCore::on_pong(Bytes payload) {
  const uint64_t number = get_u64(payload.data());
  if (!liveness_.pong(number, now_)) return;
  if (const auto shortest = liveness_.shortest_round_trip()) credit_.set_round_trip(*shortest);
  if (goaway_ping_ != 0 && number >= goaway_ping_) no_more_opens_ = true;
  if (owner_ping_ == 0 || number < owner_ping_) return;
  owner_ping_ = 0;
  handler_.on_pong(now_ - liveness_.last_sent_at());
}

// A head far above the ordinary does not keep its memory.
void SessionCore::trim_scratch() {
  if (scratch_ == nullptr) return;
  trim(scratch_->open.request.fields);
  trim(scratch_->head.fields);
  trim(scratch_->trailers);
  if (scratch_->out.capacity() > kKeptOutputBytes) scratch_->out.release();
}

}  // namespace ingress::tunnel
