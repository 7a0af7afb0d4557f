#include "broker/carrier/crossing_end.h"

#include <algorithm>
#include <utility>

namespace ingress::broker {

CrossingEnd::~CrossingEnd() { abandon(tunnel::ResetCode::kCancelled); }

CrossingMessage CrossingEnd::message(CrossingMessage::Kind kind) const {
  CrossingMessage made;
  made.kind = kind;
  made.stream = number_;
  return made;
}

bool CrossingEnd::open(const CrossingMessage& message) {
  Error why;
  stream_ = owner_.open_here(message, this, why);
  if (stream_ == nullptr) {
    tell_closed(why, tunnel::ResetCode::kRefused);
    return false;
  }
  promise();
  return true;
}

void CrossingEnd::abandon(tunnel::ResetCode code) {
  if (tunnel::Stream* const stream = std::exchange(stream_, nullptr)) stream->abandon(code);
}

void CrossingEnd::take(CrossingMessage& message) {
  switch (message.kind) {
    case CrossingMessage::Kind::kRequestData:
      return send_data(message);
    case CrossingMessage::Kind::kRequestTrailers:
      static_cast<void>(stream_->send_trailers(message.head->trailers));
      return;
    case CrossingMessage::Kind::kConsumed:
      return stream_->consumed(message.bytes);
    default:
      return;
  }
}

void CrossingEnd::send_data(CrossingMessage& message) {
  promised_ -= std::min(promised_, message.data.size());
  stream_->send_data(message.data.mutable_view(), message.end);
  promise();
}

// What may be sent now and is not promised yet, once half of what was promised has come. What was promised stays within
// the peer's grant, whatever becomes of the sink's room meanwhile.
void CrossingEnd::promise() {
  if (stream_->send_ended()) return;
  const size_t sendable = stream_->sendable();
  if (sendable <= promised_ || promised_ > sendable / 2) return;
  CrossingMessage credit = message(CrossingMessage::Kind::kCredit);
  credit.bytes = sendable - promised_;
  promised_ = sendable;
  owner_.send(loop_, std::move(credit));
}

void CrossingEnd::on_head(const http::ResponseHead& head, bool end) {
  CrossingMessage answer = message(CrossingMessage::Kind::kHead);
  answer.head = std::make_unique<HeadCopy>(head);
  answer.end = end;
  owner_.send(loop_, std::move(answer));
}

void CrossingEnd::on_data(MutableBytes payload, bool end) {
  CrossingMessage data = message(CrossingMessage::Kind::kAnswerData);
  data.data.append(payload);
  data.end = end;
  owner_.send(loop_, std::move(data));
}

void CrossingEnd::on_trailers(const http::Fields& trailers) {
  CrossingMessage end = message(CrossingMessage::Kind::kAnswerTrailers);
  end.head = std::make_unique<HeadCopy>(trailers);
  owner_.send(loop_, std::move(end));
}

void CrossingEnd::on_closed(const Error& error, tunnel::ResetCode code) {
  stream_ = nullptr;
  tell_closed(error, code);
  owner_.bury_end(key_);
}

void CrossingEnd::tell_closed(const Error& error, tunnel::ResetCode code) {
  CrossingMessage closed = message(CrossingMessage::Kind::kClosed);
  closed.error = error;
  closed.code = code;
  owner_.send(loop_, std::move(closed));
}

}  // namespace ingress::broker
