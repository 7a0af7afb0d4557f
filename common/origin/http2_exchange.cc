#include "common/origin/http2_exchange.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "common/origin/http2_connection.h"
#include "common/origin/http2_origin.h"
#include "common/origin/request_framing.h"

namespace ingress::origin {
namespace {

// The dialer gives up first, where it is what takes so long.
constexpr Duration kBeyondDial{1000};

constexpr Error kNoConnection{ErrorCode::kTimeout, Side::kOrigin, true, 0, "the origin took no stream in time"};

}  // namespace

Http2Exchange::Http2Exchange(uv::Loop& loop, Http2Origin& origin)
    : loop_(loop), origin_(origin), deadline_(loop.deadlines(), *this) {}

Http2Exchange::~Http2Exchange() { assert(state_ == State::kFree); }

std::unique_ptr<Exchange> Http2Exchange::start(const Request& request, const Timeouts& timeouts,
                                               ExchangeHandler& handler) {
  handler_ = &handler;
  timeouts_ = timeouts;
  std::unique_ptr<Exchange> handle = handle_memory_.make(*this);
  const Result<RequestFraming> framing = request_framing(*request.fields, request.end);
  if (!framing) {
    fail_later(framing.error());
    return handle;
  }
  framing_ = framing->body;
  request_ended_ = request.end;
  keep(request);
  state_ = State::kWaiting;
  deadline_.arm(loop_.now() + timeouts_.connect + kBeyondDial);
  origin_.place(*this);
  return handle;
}

void Http2Exchange::keep(const Request& request) {
  idempotent_ = is_idempotent(request.method);
  size_t size = request.method.size() + request.target.size();
  for (const http::Field& field : *request.fields) size += field.name.size() + field.value.size();
  text_.reserve(size);  // views into it stay good
  const auto copy = [this](std::string_view text) {
    const size_t begin = text_.size();
    text_ += text;
    return std::string_view(text_).substr(begin);
  };
  method_ = copy(request.method);
  target_ = copy(request.target);
  fields_.reserve(request.fields->size());
  for (const http::Field& field : *request.fields) {
    const std::string_view name = copy(field.name);
    fields_.push_back({name, copy(field.value)});
  }
}

bool Http2Exchange::use(Http2Connection& connection) {
  const bool end = no_body();
  // Set first: nothing of the session may find it half made.
  sent_bytes_ = 0;
  request_sent_ = end;
  if (!connection.request({method_, target_, &fields_, end}, *this)) return false;
  connection_ = &connection;
  taken_ = {};
  state_ = State::kOpen;
  touch();
  return true;
}

void Http2Exchange::dial_failed(const Error& error) {
  if (state_ == State::kWaiting) fail_now(error);
}

size_t Http2Exchange::sendable() const {
  if (request_ended_ || (state_ != State::kWaiting && state_ != State::kOpen)) return 0;
  const size_t waiting = body_.size() - sent_bytes_;
  return waiting < kMostBodyBytes ? kMostBodyBytes - waiting : 0;
}

void Http2Exchange::send_data(MutableBytes payload, bool end) {
  if (request_ended_ || (state_ != State::kWaiting && state_ != State::kOpen)) return;
  touch();
  if (framing_.kind == http::BodyKind::kLength) {
    const bool wrong = payload.size() > framing_.length || (end && payload.size() != framing_.length);
    if (wrong) return fail_later(kWrongRequestLength);
    framing_.length -= payload.size();
  }
  if (body_.size() + payload.size() > kMostBodyBytes) keep_no_more();
  body_.append(payload);
  request_ended_ = end;
  was_full_ = !end && sendable() == 0;
  if (connection_ != nullptr) connection_->resume_body(*this);
}

void Http2Exchange::send_trailers(const http::Fields& trailers) {
  if (request_ended_ || (state_ != State::kWaiting && state_ != State::kOpen)) return;
  touch();
  for (const http::Field& field : trailers) trailers_.emplace_back(field.name, field.value);
  request_ended_ = true;
  if (connection_ != nullptr) connection_->resume_body(*this);
}

size_t Http2Exchange::read_body(MutableBytes to, http::Http2Body& then) {
  const size_t count = std::min(to.size(), body_.size() - sent_bytes_);
  if (count > 0) {
    std::memcpy(to.data(), body_.data() + sent_bytes_, count);
    sent_bytes_ += count;
    handed_bytes_ += count;
    touch();
  }
  request_sent_ = request_ended_ && sent_bytes_ == body_.size();
  if (request_sent_) then = trailers_.empty() ? http::Http2Body::kEnd : http::Http2Body::kTrailers;
  if (!repeatable_) keep_no_more();
  if (was_full_ && body_.size() - sent_bytes_ <= kMostBodyBytes / 2) loop_.flush_later(*this);
  return count;
}

const http::Fields& Http2Exchange::body_trailers() {
  trailer_views_.clear();
  for (const auto& [name, value] : trailers_) trailer_views_.push_back({name, value});
  return trailer_views_;
}

// What was sent is not sent again.
void Http2Exchange::keep_no_more() {
  repeatable_ = false;
  body_.consume(std::exchange(sent_bytes_, 0));
}

void Http2Exchange::resume() {
  if (held_.empty() || state_ != State::kOpen) return;
  touch();
  resumed_ = true;
  loop_.flush_later(*this);
}

void Http2Exchange::on_head(const http::ResponseHead& head, bool end) {
  touch();
  keep_no_more();
  answer_ended_ = end;
  handler_->on_head(head, end);
  if (end) complete();
}

void Http2Exchange::on_data(MutableBytes payload, bool end) {
  touch();
  answer_ended_ = end;
  const size_t passed = held_.empty() ? hand_out(payload) : 0;
  if (state_ == State::kOpen) held_.append(payload.subspan(passed));
}

void Http2Exchange::on_trailers(const http::Fields& trailers) {
  touch();
  answer_ended_ = true;
  if (!held_.empty()) {
    for (const http::Field& field : trailers) held_trailers_.emplace_back(field.name, field.value);
    return;
  }
  handler_->on_trailers(trailers);
  complete();
}

// What of the body its owner takes now; with the last of it, the end.
size_t Http2Exchange::hand_out(MutableBytes payload) {
  const size_t count = payload.empty() ? 0 : std::min(handler_->allowance(), payload.size());
  const bool last = count == payload.size() && answer_ended_ && held_trailers_.empty();
  if (count == 0 && !last) return 0;
  handler_->on_data(payload.first(count), last);
  if (state_ != State::kOpen) return count;
  if (last) {
    complete();
  } else if (connection_ != nullptr) {
    connection_->consumed(*this, count);
  }
  return count;
}

void Http2Exchange::hand_out_held() {
  if (held_.empty()) return;
  held_.consume(hand_out(held_.mutable_view()));
  if (state_ != State::kOpen || !held_.empty() || held_trailers_.empty()) return;
  http::Fields trailers;
  for (const auto& [name, value] : held_trailers_) trailers.push_back({name, value});
  handler_->on_trailers(trailers);
  complete();
}

void Http2Exchange::on_ended(http::Http2Ending ending, const Error& error) {
  const bool reused = std::exchange(connection_, nullptr)->reused();
  // What is held of the answer goes out as its owner takes it.
  if (state_ != State::kOpen || answer_ended_) return;
  const bool stale = ending == http::Http2Ending::kLost && reused && idempotent_ && sent_bytes_ == 0;
  if (!repeatable_ || tried_again_ || (ending != http::Http2Ending::kUnprocessed && !stale)) return fail_now(error);
  tried_again_ = true;
  state_ = State::kWaiting;
  deadline_.arm(loop_.now() + timeouts_.connect + kBeyondDial);
  origin_.place(*this);
}

void Http2Exchange::touch() {
  if (state_ == State::kOpen) silence_.begin(deadline_, loop_.now(), timeouts_.idle);
}

// While something is held that the owner does not take, the origin owes nothing.
void Http2Exchange::on_deadline(Deadline&) {
  if (state_ == State::kWaiting) return fail_now(kNoConnection);
  if (!held_.empty()) return touch();
  if (connection_ != nullptr && connection_->took(taken_, handed_bytes_)) return touch();
  if (silence_.lasted(deadline_, loop_.now(), timeouts_.idle)) fail_now(kSilentOrigin);
}

void Http2Exchange::flush() {
  if (std::exchange(failing_, false)) return fail_now(failure_);
  if (was_full_ && sendable() > 0) {
    was_full_ = false;
    handler_->on_sendable();
  }
  if (std::exchange(resumed_, false) && state_ == State::kOpen) hand_out_held();
}

void Http2Exchange::complete() {
  if (state_ != State::kOpen) return;
  let_go();
  handler_->on_complete();
}

void Http2Exchange::fail_later(const Error& error) {
  failure_ = error;
  failing_ = true;
  let_go();
  loop_.flush_later(*this);
}

void Http2Exchange::fail_now(const Error& error) {
  const Error told = error;
  let_go();
  handler_->on_failed(told);
}

void Http2Exchange::let_go() {
  deadline_.cancel();
  if (state_ == State::kWaiting) origin_.forget(*this);
  state_ = State::kOver;
  Http2Connection* const connection = std::exchange(connection_, nullptr);
  if (connection == nullptr) return;
  if (answer_ended_ && request_sent_) {
    connection->forget(*this);
  } else {
    connection->cancel(*this);
  }
}

void Http2Exchange::abandon() {
  loop_.forget_flush(*this);
  let_go();
  state_ = State::kFree;
  loop_.bury(std::unique_ptr<Http2Exchange>(this));
}

}  // namespace ingress::origin
