#include "broker/carrier/crossing_stream.h"

#include <algorithm>
#include <utility>

namespace ingress::broker {

CrossingMessage CrossingStream::message(CrossingMessage::Kind kind) const {
  CrossingMessage made;
  made.kind = kind;
  made.stream = number_;
  return made;
}

size_t CrossingStream::sendable() {
  if (credit_ == 0) starved_ = true;
  return credit_;
}

void CrossingStream::send_data(MutableBytes payload, bool end) {
  credit_ -= std::min(credit_, payload.size());
  if (credit_ == 0) starved_ = true;  // what this used up is due an on_sendable
  CrossingMessage data = message(CrossingMessage::Kind::kRequestData);
  data.data.append(payload);
  data.end = end;
  owner_.send(loop_, std::move(data));
}

void CrossingStream::send_trailers(const http::Fields& trailers) {
  CrossingMessage end = message(CrossingMessage::Kind::kRequestTrailers);
  end.head = std::make_unique<HeadCopy>(trailers);
  owner_.send(loop_, std::move(end));
}

void CrossingStream::consumed(size_t bytes) {
  CrossingMessage taken = message(CrossingMessage::Kind::kConsumed);
  taken.bytes = bytes;
  owner_.send(loop_, std::move(taken));
}

void CrossingStream::abandon(tunnel::ResetCode code) {
  CrossingMessage last = message(CrossingMessage::Kind::kAbandon);
  last.code = code;
  owner_.send(loop_, std::move(last));
  owner_.streams_.erase(number_);
}

void CrossingStream::take(CrossingMessage& message) {
  switch (message.kind) {
    case CrossingMessage::Kind::kHead:
      return handler_->on_head(message.head->answer, message.end);
    case CrossingMessage::Kind::kAnswerData:
      return handler_->on_data(message.data.mutable_view(), message.end);
    case CrossingMessage::Kind::kAnswerTrailers:
      return handler_->on_trailers(message.head->trailers);
    case CrossingMessage::Kind::kCredit:
      return add_credit(message.bytes);
    default:
      return;
  }
}

void CrossingStream::add_credit(size_t bytes) {
  credit_ += bytes;
  if (std::exchange(starved_, false)) handler_->on_sendable();
}

}  // namespace ingress::broker
