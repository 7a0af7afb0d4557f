// Streams, and what is sent on them.
#include <algorithm>
#include <cassert>

#include "common/tunnel/session_core.h"

namespace ingress::tunnel {
namespace {

constexpr Error kDone{ErrorCode::kClosed, Side::kTunnel, false, 0, "complete"};

}  // namespace

Stream& SessionCore::add_stream(uint32_t id, uint32_t send_credit, StreamHandler* handler) {
  Stream& stream = pool_.take();
  stream.core_ = this;
  stream.id_ = id;
  stream.send_credit_ = send_credit;
  stream.handler_ = handler;
  credit_.open(stream.receive_, now_);
  streams_.insert(&stream);
  return stream;
}

void SessionCore::count_begin(Stream& stream, bool probe) {
  stream.probe_ = probe;
  if (probe) return;
  activity_.last_begun = now_;
  ++activity_.open;
}

void SessionCore::count_upgrade(Stream& stream) {
  stream.upgraded_ = true;
  ++activity_.upgraded;
}

void SessionCore::remove_stream(Stream& stream) {
  streams_.erase(stream.id_);
  if (stream.upgraded_) --activity_.upgraded;
  if (stream.probe_) return;
  activity_.last_ended = now_;
  --activity_.open;
}

bool SessionCore::has_stream_up_to(uint32_t id) const {
  uint32_t cursor = 0;
  for (const Stream* stream = streams_.next(cursor); stream != nullptr; stream = streams_.next(++cursor)) {
    if (stream->id_ <= id) return true;
  }
  return false;
}

bool SessionCore::can_open(Error& why) {
  why = {ErrorCode::kMachineUnavailable, Side::kTunnel, true, 0, ""};
  if (state_ != State::kOpen) {
    why.context = "the tunnel is not open";
  } else if (no_more_opens_ || last_id_ >= limits_.last_stream_id) {
    why.context = "the tunnel is draining";
  } else if (streams_.size() >= limits_.max_streams) {
    why = {ErrorCode::kOverloaded, Side::kInternal, true, 0, "too many streams in the tunnel"};
  } else {
    return true;
  }
  return false;
}

Stream* SessionCore::open(const OpenHead& head, bool end, StreamHandler* handler, Time now, Error& why) {
  assert(role_ == Role::kBroker && handler != nullptr);
  now_ = std::max(now_, now);
  if (!can_open(why)) return nullptr;
  const EncodeStatus status =
      encode_open(head, limits_.initial_window_bytes, peer_takes_connect_limit_, begin_encoding());
  const uint32_t id = last_id_ + 1;
  if (!write_encoded(status, FrameType::kOpen, end ? kFlagEnd : 0, id)) {
    why = status == EncodeStatus::kTooLarge
              ? Error{ErrorCode::kHeaderTooLarge, Side::kClient, false, 0, "the request's head is too large"}
              : Error{ErrorCode::kBadRequest, Side::kClient, false, 0, "the request's head holds bytes that none may"};
    return nullptr;
  }
  last_id_ = id;
  drained_told_ = false;
  Stream& stream = add_stream(id, peer_window_bytes_, handler);
  stream.upgrade_ = head.upgrade;
  count_begin(stream, head.kind == StreamKind::kProbe);
  stream.send_ended_ = end;
  if (liveness_.ping_is_due_before_open(now_)) write_ping();
  if (id == limits_.last_stream_id) {
    no_more_opens_ = goaway_sent_ = true;
    write_migrate("stream ids are used up");
  }
  return &stream;
}

size_t SessionCore::sendable(Stream& stream) {
  if (stream.send_ended_) return 0;
  if (stream.send_credit_ == 0) {
    stream.starved_ = true;
    return 0;
  }
  const size_t room = sink_.room();
  if (room == 0 && stream.listed_ == Stream::Listed::kNot) waiting_.push_back(stream);
  return std::min<size_t>(stream.send_credit_, room);
}

bool SessionCore::send_head(Stream& stream, const http::ResponseHead& head, bool end) {
  assert(role_ == Role::kAgent);
  if (stream.send_ended_) return false;
  const uint32_t id = stream.id_;
  const EncodeStatus status = encode_head(head, credit_.take_owed(stream.receive_), begin_encoding());
  if (!write_encoded(status, FrameType::kHead, end ? kFlagEnd : 0, id)) {
    break_here(stream, status == EncodeStatus::kTooLarge ? ResetCode::kHeadTooLarge : ResetCode::kOriginProtocol);
    return false;
  }
  if (head.status == 101 && !stream.upgraded_) count_upgrade(stream);
  if (end) end_sending(stream);
  return true;
}

bool SessionCore::send_trailers(Stream& stream, const http::Fields& trailers) {
  if (stream.send_ended_) return false;
  const EncodeStatus status = encode_trailers(trailers, begin_encoding());
  if (!write_encoded(status, FrameType::kTrailers, kFlagEnd, stream.id_)) {
    const ResetCode invalid = role_ == Role::kAgent ? ResetCode::kOriginProtocol : ResetCode::kCancelled;
    break_here(stream, status == EncodeStatus::kTooLarge ? ResetCode::kHeadTooLarge : invalid);
    return false;
  }
  end_sending(stream);
  return true;
}

void SessionCore::send_data(Stream& stream, MutableBytes payload, bool end) {
  if (stream.send_ended_) return;  // broken off by a head that did not fit; the owner is still to hear of it
  assert(payload.size() <= stream.send_credit_);
  stream.send_credit_ -= static_cast<uint32_t>(payload.size());
  while (payload.size() > kFullDataBytes) {
    write_data(stream.id_, payload.first(kFullDataBytes), 0);
    payload = payload.subspan(kFullDataBytes);
  }
  if (!payload.empty() || end) write_data(stream.id_, payload, end ? kFlagEnd : 0);
  if (end) {
    end_sending(stream);
  } else {
    sendable(stream);  // what this used up is due an on_sendable
  }
}

void SessionCore::grant(Stream& stream) {
  if (stream.closed_ || stream.broken_) return;
  if (const uint32_t grant_bytes = credit_.take_owed(stream.receive_); grant_bytes > 0) {
    write_window(stream.id_, grant_bytes);
  }
}

void SessionCore::consumed(Stream& stream, size_t bytes) {
  if (stream.closed_ || stream.broken_) return;
  const uint32_t grant_bytes = credit_.consumed(stream.receive_, static_cast<uint32_t>(bytes), now_);
  if (grant_bytes == 0) return;
  write_window(stream.id_, grant_bytes);
  if (credit_.bulk_streams() > 0) sample_round_trip();
}

void SessionCore::abandon(Stream& stream, ResetCode code) {
  if (stream.closed_) return;
  if (!stream.send_ended_ || !stream.receive_ended_) write_reset(stream.id_, code);
  unlist(stream);
  credit_.close(stream.receive_);
  remove_stream(stream);
  pool_.give(stream);
}

// RESET by this end from inside a call of the owner, who hears of it by on_closed later.
void SessionCore::break_here(Stream& stream, ResetCode code) {
  write_reset(stream.id_, code);
  stream.broken_ = true;
  stream.close_code_ = code;
  stream.send_ended_ = true;
  end_receiving(stream);
}

// RESET by this end from inside receive.
void SessionCore::break_off(Stream& stream, ResetCode code) {
  write_reset(stream.id_, code);
  close_stream(stream, error_of(code), code);
}

void SessionCore::end_sending(Stream& stream) {
  stream.send_ended_ = true;
  list_if_done(stream);
}

void SessionCore::end_receiving(Stream& stream) {
  stream.receive_ended_ = true;
  credit_.end(stream.receive_);
  list_if_done(stream);
}

void SessionCore::list_if_done(Stream& stream) {
  if (stream.listed_ == Stream::Listed::kWaiting && stream.send_ended_) unlist(stream);
  if (!stream.send_ended_ || !stream.receive_ended_ || stream.listed_ == Stream::Listed::kClosing) return;
  closing_.push_back(stream);
}

void SessionCore::unlist(Stream& stream) {
  if (stream.listed_ == Stream::Listed::kWaiting) waiting_.remove(stream);
  if (stream.listed_ == Stream::Listed::kClosing) closing_.remove(stream);
}

// The stream's memory stays good until its owner's on_closed has returned: calls on it do nothing then.
void SessionCore::close_stream(Stream& stream, const Error& error, ResetCode code) {
  unlist(stream);
  credit_.close(stream.receive_);
  remove_stream(stream);
  stream.closed_ = stream.send_ended_ = stream.receive_ended_ = true;
  if (stream.handler_ == nullptr) {
    cut_in_open_ = true;  // inside on_open: the handler is not known yet
  } else {
    stream.handler_->on_closed(error, code);
  }
  pool_.give(stream);
}

void SessionCore::report_closed() {
  while (!closing_.empty()) close_ended(*closing_.first());
}

// The stream's sides are both done, in order or by a RESET of this end.
void SessionCore::close_ended(Stream& stream) {
  close_stream(stream, stream.broken_ ? error_of(stream.close_code_) : kDone, stream.close_code_);
}

void SessionCore::close_all(const Error& error) {
  report_closed();
  uint32_t cursor = 0;
  while (Stream* stream = streams_.next(cursor)) {
    if (stream->send_ended_ && stream->receive_ended_) {
      close_ended(*stream);
    } else {
      close_stream(*stream, error, ResetCode::kCancelled);
    }
  }
}

// One on_sendable each, in turn, while the sink has room. Who is not reached keeps its place for the next time.
void SessionCore::serve_waiting() {
  for (uint32_t left = waiting_.size(); left > 0 && !waiting_.empty() && sink_.room() > 0; --left) {
    Stream& stream = waiting_.pop_front();
    if (stream.send_credit_ == 0) {
      stream.starved_ = true;
    } else {
      stream.handler_->on_sendable();
    }
  }
}

ByteBuffer& SessionCore::begin_encoding() {
  ByteBuffer& out = scratch().out;
  out.clear();
  out.reserve(kFrameHeaderBytes);
  out.commit(kFrameHeaderBytes);
  return out;
}

bool SessionCore::write_encoded(EncodeStatus status, FrameType type, uint8_t flags, uint32_t id) {
  if (status != EncodeStatus::kGood) return false;
  ByteBuffer& out = scratch().out;
  const auto length = static_cast<uint32_t>(out.size() - kFrameHeaderBytes);
  write_frame_header(out.data(), {length, static_cast<uint8_t>(type), flags, id});
  liveness_.sent();
  write(out.view());
  return true;
}

void SessionCore::write_data(uint32_t id, MutableBytes payload, uint8_t flags) {
  const FrameHeader header{static_cast<uint32_t>(payload.size()), static_cast<uint8_t>(FrameType::kData), flags, id};
  liveness_.sent();
  if (payload.empty()) {
    uint8_t frame[kFrameHeaderBytes];
    write_frame_header(frame, header);
    return write(frame);
  }
  uint8_t* frame = payload.data() - kFrameHeaderBytes;
  write_frame_header(frame, header);
  write({frame, kFrameHeaderBytes + payload.size()});
}

void SessionCore::write_reset(uint32_t id, ResetCode code) {
  uint8_t frame[kFrameHeaderBytes + 4];
  write_frame_header(frame, {4, static_cast<uint8_t>(FrameType::kReset), 0, id});
  put_u32(frame + kFrameHeaderBytes, static_cast<uint32_t>(code));
  write(frame);
}

void SessionCore::write_window(uint32_t id, uint32_t bytes) {
  uint8_t frame[kFrameHeaderBytes + 4];
  write_frame_header(frame, {4, static_cast<uint8_t>(FrameType::kWindow), 0, id});
  put_u32(frame + kFrameHeaderBytes, bytes);
  write(frame);
}

void SessionCore::write(Bytes bytes) {
  if (state_ == State::kOver) return;
  sent_bytes_ += bytes.size();
  sink_.write(bytes);
}

}  // namespace ingress::tunnel
