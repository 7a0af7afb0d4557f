#include "common/origin/active_exchange.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "common/http/http1_writer.h"
#include "common/origin/pool_core.h"
#include "common/origin/request_framing.h"

namespace ingress::origin {
namespace {

// A buffer that a large head grew is not kept for the next exchange.
constexpr size_t kKeptBufferBytes = size_t{16} * 1024;

// Where the process has no descriptor for a connection: what others hold may be free soon.
constexpr uint8_t kMostRedials = 20;
constexpr Duration kRedialAfter{5};

}  // namespace

ActiveExchange::ActiveExchange(PoolCore& core) : core_(core), deadline_(core.loop().deadlines(), *this) {}

ActiveExchange::~ActiveExchange() { assert(state_ == State::kFree); }

std::unique_ptr<Exchange> ActiveExchange::start(const Target& target, const Request& request, const Timeouts& timeouts,
                                                ExchangeHandler& handler) {
  handler_ = &handler;
  timeouts_ = timeouts;
  target_ = target;
  head_request_ = request.method == "HEAD";
  upgrade_ = request.upgrade;
  repeatable_ = is_idempotent(request.method);
  request_ended_ = request.end;
  answer_ended_ = false;
  redials_ = 0;
  std::unique_ptr<Exchange> handle = handle_memory_.make(*this);
  if (!frame(request)) return handle;
  if (std::unique_ptr<OriginConnection> idle = core_.take_idle(target, !repeatable_ || !request.end)) {
    use(std::move(idle));
  } else {
    dial();
  }
  return handle;
}

bool ActiveExchange::frame(const Request& request) {
  const Result<RequestFraming> framing = request_framing(*request.fields, request.end);
  if (!framing) {
    fail_later(framing.error());
    return false;
  }
  body_ = framing->body;
  http::HeadOptions options;
  options.chunked = body_.kind == http::BodyKind::kChunked;
  options.upgrade = request.upgrade;
  options.te_trailers = framing->te;
  outgoing_.clear();
  http::write_request_head(outgoing_, request.method, request.target, *request.fields, options);
  return true;
}

void ActiveExchange::dial() {
  state_ = State::kDialing;
  dialer_ = std::make_unique<Dialer>(core_.loop(), static_cast<DialHandler&>(*this));
  dialer_->start(target_, core_.last_good(target_), timeouts_.connect, core_.patience(target_, timeouts_));
}

void ActiveExchange::on_dialed(std::unique_ptr<uv::Socket> socket, size_t index) {
  core_.loop().bury(std::move(dialer_));
  use(core_.adopt(target_, index, std::move(socket)));
  outgoing_.clear();
  connection_drained();
}

// Connections that nobody uses give way to one that is wanted, where the process has no more descriptors. They close at
// the end of the iteration.
void ActiveExchange::on_dial_failed(const Error& error) {
  const bool no_descriptor = error.sys_errno == EMFILE || error.sys_errno == ENFILE;
  if (!no_descriptor || redials_++ == kMostRedials || !core_.shed_idle()) return fail_now(error);
  core_.loop().bury(std::move(dialer_));
  deadline_.arm(core_.loop().now() + kRedialAfter);
}

void ActiveExchange::use(std::unique_ptr<OriginConnection> connection) {
  connection_ = std::move(connection);
  taken_ = {};
  state_ = State::kConnected;
  connection_->attach(*this, head_request_, upgrade_);
  connection_->write(outgoing_.view());
  touch();
}

size_t ActiveExchange::sendable() const {
  return state_ == State::kConnected && !request_ended_ ? connection_->room() : 0;
}

void ActiveExchange::send_data(MutableBytes payload, bool end) {
  if (state_ == State::kOver || request_ended_) return;
  touch();
  switch (body_.kind) {
    case http::BodyKind::kChunked:
      return put_chunk(payload, end);
    case http::BodyKind::kUpgraded:
      return put_opaque(payload, end);
    case http::BodyKind::kLength:
    case http::BodyKind::kNone:
    case http::BodyKind::kUntilClose:
      return put_body(payload, end);
  }
}

void ActiveExchange::send_trailers(const http::Fields& trailers) {
  if (state_ == State::kOver || request_ended_) return;
  if (body_.kind != http::BodyKind::kChunked) return send_data({}, true);
  touch();
  ByteBuffer last;
  http::write_last_chunk(last, trailers);
  put(last.view());
  request_ended_ = true;
}

void ActiveExchange::put_body(MutableBytes payload, bool end) {
  if (payload.size() > body_.length || (end && payload.size() != body_.length)) return fail_later(kWrongRequestLength);
  body_.length -= payload.size();
  if (!payload.empty()) put(payload);
  request_ended_ = end;
}

void ActiveExchange::put_chunk(MutableBytes payload, bool end) {
  if (!payload.empty()) {
    const size_t header_bytes = http::write_chunk_header_before(payload.data(), payload.size());
    put({payload.data() - header_bytes, payload.size() + header_bytes});
    put(as_bytes(end ? "\r\n0\r\n\r\n" : http::kChunkEnd));
  } else if (end) {
    put(as_bytes(http::kLastChunk));
  }
  request_ended_ = end;
}

void ActiveExchange::put_opaque(MutableBytes payload, bool end) {
  if (!payload.empty()) put(payload);
  if (!end) return;
  request_ended_ = true;
  connection_->shutdown();
  if (!answer_ended_) return;
  let_go_of_connection();
  later(Pending::kCompletion);
}

void ActiveExchange::put(Bytes bytes) {
  repeatable_ = false;
  if (connection_ != nullptr) {
    connection_->write(bytes);
  } else {
    outgoing_.append(bytes);
  }
}

void ActiveExchange::resume() {
  if (state_ != State::kConnected) return;
  touch();
  if (connection_->blocked()) {
    later(Pending::kResume);
  } else {
    connection_->resume_read();
  }
}

void ActiveExchange::answer_head(const http::ResponseHead& head, bool end) { handler_->on_head(head, end); }

void ActiveExchange::answer_data(MutableBytes payload) { handler_->on_data(payload, false); }

void ActiveExchange::answer_trailers(const http::Fields& trailers) { handler_->on_trailers(trailers); }

bool ActiveExchange::switch_protocols() {
  if (!request_ended_) return false;
  body_ = {http::BodyKind::kUpgraded, 0};
  request_ended_ = false;
  return true;
}

void ActiveExchange::answer_half_closed() {
  answer_ended_ = true;
  const uint32_t life = life_;
  handler_->on_data({}, true);
  if (life_ != life || state_ == State::kOver || !request_ended_) return;
  let_go_of_connection();
  handler_->on_complete();
}

void ActiveExchange::answer_complete(MutableBytes payload, Last last, bool reusable) {
  answer_ended_ = true;
  if (reusable && request_ended_) {
    state_ = State::kOver;
    deadline_.cancel();
    core_.put_idle(std::move(connection_));
  } else {
    let_go_of_connection();
  }
  const uint32_t life = life_;
  if (last == Last::kData) handler_->on_data(payload, true);
  if (life_ == life) handler_->on_complete();
}

void ActiveExchange::connection_lost(const Error& error, bool untouched) {
  connection_->target().good_at = core_.loop().now();  // it was there until now
  if (untouched && connection_->reused()) core_.distrust(*connection_);
  if (const std::optional<Bytes> unsent = connection_->all_unsent(); unsent && connection_->reused()) {
    outgoing_.clear();
    outgoing_.append(*unsent);
  } else if (!untouched || !connection_->reused() || !repeatable_) {
    return fail_now(error);
  }
  core_.close_now(std::move(connection_));
  deadline_.cancel();
  dial();
}

void ActiveExchange::connection_drained() {
  touch();
  if (state_ == State::kConnected && !request_ended_) handler_->on_sendable();
}

void ActiveExchange::touch() {
  if (state_ == State::kConnected) silence_.begin(deadline_, core_.loop().now(), timeouts_.idle);
}

// An origin that is not read, since the owner takes nothing, is not silent.
void ActiveExchange::on_deadline(Deadline&) {
  if (state_ == State::kDialing) return dial();
  if (!connection_->is_read() || connection_->took(taken_)) return touch();
  if (silence_.lasted(deadline_, core_.loop().now(), timeouts_.idle)) fail_now(kSilentOrigin);
}

void ActiveExchange::later(Pending pending) {
  pending_ = pending;
  core_.loop().flush_later(*this);
}

void ActiveExchange::flush() {
  switch (std::exchange(pending_, Pending::kNothing)) {
    case Pending::kNothing:
      return;
    case Pending::kFailure:
      return fail_now(failure_);
    case Pending::kCompletion:
      return handler_->on_complete();
    case Pending::kResume:
      if (state_ == State::kConnected) connection_->resume();
      return;
  }
}

void ActiveExchange::fail_later(const Error& error) {
  failure_ = error;
  let_go_of_connection();
  later(Pending::kFailure);
}

void ActiveExchange::fail_now(const Error& error) {
  const Error told = error;
  let_go_of_connection();
  handler_->on_failed(told);
}

// What is left of the output goes out only where both sides of an upgraded exchange have ended.
void ActiveExchange::let_go_of_connection() {
  const bool in_order = body_.kind == http::BodyKind::kUpgraded && request_ended_ && answer_ended_;
  state_ = State::kOver;
  deadline_.cancel();
  if (dialer_ != nullptr) {
    dialer_->cancel();
    core_.loop().bury(std::move(dialer_));
  }
  if (connection_ == nullptr) return;
  if (in_order) {
    core_.close_when_flushed(std::move(connection_));
  } else {
    core_.close_now(std::move(connection_));
  }
}

void ActiveExchange::abandon() {
  ++life_;
  core_.loop().forget_flush(*this);
  pending_ = Pending::kNothing;
  let_go_of_connection();
  state_ = State::kFree;
  handler_ = nullptr;
  if (outgoing_.capacity() > kKeptBufferBytes) outgoing_.release();
  core_.recycle(std::unique_ptr<ActiveExchange>(this));
}

}  // namespace ingress::origin
