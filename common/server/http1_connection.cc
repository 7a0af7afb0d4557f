#include "common/server/http1_connection.h"

#include <cassert>
#include <chrono>
#include <utility>

#include "common/http/http1_writer.h"
#include "common/server/http1_server.h"

namespace ingress::server {
namespace {

// A FIN this soon after the request came with it: a half-close, as of `nc -N`. A client that leaves when its origin has
// the request takes longer (from 340 µs on, on one machine).
constexpr std::chrono::microseconds kFinWithRequest{300};

// How long an idle connection that drains waits for a request, once the answer before has arrived.
constexpr Duration kLastRequestGrace{500};

constexpr Error kClientLeft{ErrorCode::kReset, Side::kClient, false, 0, "the client left"};

}  // namespace

Http1Connection::Http1Connection(Http1Server& server, std::unique_ptr<transport::Connection> connection)
    : server_(server),
      connection_(std::move(connection)),
      reader_(server.options().limits),
      deadline_(server.loop().deadlines(), *this),
      watch_(server.loop().deadlines(), *this),
      client_ip_(connection_->peer().ip),
      behind_proxy_(connection_->peer_was_told()) {
  connection_->set_handler(this);
  connection_->set_water_marks(kCongestedBytes, kCongestedBytes / 2);
  connection_->resume_read();
  deadline_.arm(server_.loop().now() + server_.options().head_timeout);
}

Http1Connection::~Http1Connection() = default;

// A request may be on its way: it is answered, and is the last.
void Http1Connection::drain() {
  close_after_ = true;
  took_at_ = server_.loop().now();
  if (state_ != State::kIdle) return;
  arriving_ = !connection_->all_acknowledged();
  deadline_.arm(server_.loop().now() + kLastRequestGrace);
}

std::optional<Time> Http1Connection::waiting_since() const {
  if (!deadline_.armed() || (state_ != State::kIdle && state_ != State::kHead)) return std::nullopt;
  if (connection_->backlog_bytes() > 0) return std::nullopt;
  const ConnectionOptions& times = server_.options();
  return deadline_.at() - (state_ == State::kIdle && served_ ? times.keep_alive_timeout : times.head_timeout);
}

void Http1Connection::give_way() {
  state_ = State::kClosing;
  connection_->close();
}

size_t Http1Connection::read_limit() {
  const size_t limit = wanted_bytes();
  if (limit == 0 && !watch_.armed()) watch_.arm(server_.loop().now() + kWatchInterval);
  return limit;
}

size_t Http1Connection::wanted_bytes() {
  switch (state_) {
    case State::kIdle:
      if (connection_->congested()) return pipelined_room();
      [[fallthrough]];
    case State::kHead:
    case State::kClosing:
      return uv::Loop::kReadBufferBytes;
    case State::kExchange:
      if (request_ended_) return pipelined_room();
      break;
    case State::kUpgraded:
      break;
  }
  // What is held while the handler takes bytes is a trailer section that is not whole: it needs more.
  return handler_->allowance();
}

size_t Http1Connection::pipelined_room() const {
  return held_.size() < kPipelinedBytes ? kPipelinedBytes - held_.size() : 0;
}

void Http1Connection::on_data(MutableBytes bytes) {
  if (state_ == State::kClosing) return;
  last_input_at_ = std::chrono::steady_clock::now();
  last_input_iteration_ = server_.loop().iteration();
  if (!held_.empty()) {
    held_.append(bytes);
    process_held();
    return;
  }
  MutableBytes rest = bytes;
  process(rest);
  if (!rest.empty() && state_ != State::kClosing) held_.append(rest);
}

void Http1Connection::process_held() {
  MutableBytes rest = held_.mutable_view();
  process(rest);
  if (state_ == State::kClosing) return held_.release();
  held_.consume(held_.size() - rest.size());
  if (held_.empty()) held_.release();
}

void Http1Connection::process_later() {
  if (process_deferred_ || processing_) return;
  process_deferred_ = true;
  if (alive_ == nullptr) alive_ = std::make_shared<bool>(true);
  server_.loop().defer([this, watch = std::weak_ptr<bool>(alive_)] {
    if (watch.expired()) return;
    process_deferred_ = false;
    if (state_ == State::kClosing) return;
    process_held();
    if (state_ != State::kClosing) connection_->resume_read();
  });
}

void Http1Connection::process(MutableBytes& input) {
  processing_ = true;
  while (step(input)) {
  }
  processing_ = false;
}

bool Http1Connection::step(MutableBytes& input) {
  if (state_ == State::kClosing) {
    input = {};
    return false;
  }
  if (state_ == State::kExchange && request_ended_) return false;
  if (state_ == State::kIdle && connection_->congested() && !input.empty()) return false;
  switch (reader_.next(input, handler_ != nullptr ? handler_->allowance() : 0)) {
    case http::ReadEvent::kNeedMore:
      on_need_more();
      return false;
    case http::ReadEvent::kBlocked:
      return false;
    case http::ReadEvent::kHead:
      on_request_head(input);
      return true;
    case http::ReadEvent::kData:
      on_request_data(input);
      return true;
    case http::ReadEvent::kEnd:
      on_request_end();
      return true;
    case http::ReadEvent::kError:
      if (!hand_over_http2(input)) on_unreadable(reader_.error(), UnreadableRequest::of(client_ip_, reader_.head()));
      return false;
  }
  return false;
}

// The preface's first line reads as a request line, but for its version. What begins as a preface is waited for.
bool Http1Connection::hand_over_http2(MutableBytes& input) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  constexpr size_t kFirstLine = kPreface.find('\n') + 1;
  if (served_ || !server_.on_http2_ || input.size() < kFirstLine) return false;
  if (!as_text(input).starts_with(kPreface.substr(0, input.size()))) return false;
  if (input.size() < kPreface.size()) {
    state_ = State::kHead;
    return true;
  }
  state_ = State::kClosing;
  deadline_.cancel();
  watch_.cancel();
  server_.on_http2_(std::move(connection_), std::exchange(input, {}));
  server_.retire(this);
  return true;
}

void Http1Connection::on_need_more() {
  switch (state_) {
    case State::kIdle:
    case State::kHead:
      if (client_ended_) {
        close_when_flushed();
      } else if (state_ == State::kIdle && !reader_.idle()) {
        state_ = State::kHead;
        deadline_.arm(server_.loop().now() + server_.options().head_timeout);
      }
      return;
    case State::kExchange:
      if (client_ended_) abort_exchange(kClientLeft);
      return;
    case State::kUpgraded:
      if (client_ended_) on_client_half_closed();
      return;
    case State::kClosing:
      return;
  }
}

void Http1Connection::on_client_half_closed() {
  const bool over = answer_ended_;
  client_end_told_ = true;
  handler_->on_body({}, true);
  if (over && state_ == State::kUpgraded) exchange_over();
}

void Http1Connection::on_request_head(MutableBytes& input) {
  const http::RequestHead& head = reader_.head();
  const http::BodyFraming framing = reader_.framing();
  const bool no_body =
      framing.kind == http::BodyKind::kNone || (framing.kind == http::BodyKind::kLength && framing.length == 0);
  state_ = State::kExchange;
  served_ = true;
  answer_begun_ = answer_ended_ = handler_parted_ = false;
  body_bytes_sent_ = 0;
  taken_ = {};
  request_ended_ = no_body;
  head_request_ = head.method == "HEAD";
  minor_zero_ = head.minor_version == 0;
  // One with a body is an ordinary request: what follows a 101 would be told from the body by nobody.
  upgrade_offered_ = reader_.wants_upgrade() && no_body;
  touch();
  // One that was held had to wait for the answer before it.
  const bool just_read = last_input_iteration_ == server_.loop().iteration();
  const FineTime read_at = just_read ? last_input_at_ : fine_now();
  RequestInfo info{client_ip_, connection_->is_tls(), no_body, upgrade_offered_, false, read_at};
  info.behind_proxy = behind_proxy_;
  RequestHandler* handler = server_.acceptor().on_request(*this, head, info);
  if (!handler_parted_) handler_ = handler;
  if (no_body && state_ != State::kClosing) {
    const http::ReadEvent end = reader_.next(input, 0);
    assert(end == http::ReadEvent::kEnd);
    static_cast<void>(end);
  }
  if (state_ == State::kClosing) return;
  assert(handler != nullptr || answer_ended_);
  if (answer_ended_) exchange_over();
}

void Http1Connection::on_request_data(MutableBytes& input) {
  touch();
  const MutableBytes piece = reader_.data();
  if (state_ == State::kUpgraded) {
    handler_->on_body(piece, false);
    return;
  }
  // A look ahead, so that the last piece carries the end.
  const http::ReadEvent next = reader_.next(input, 0);
  const bool end = next == http::ReadEvent::kEnd && reader_.trailers().empty();
  if (end) request_ended_ = true;
  handler_->on_body(piece, end);
  if (state_ == State::kClosing || handler_ == nullptr) return;
  if (next == http::ReadEvent::kError) on_unreadable(reader_.error(), {client_ip_, {}, {}, {}});
  if (next == http::ReadEvent::kEnd && !end) on_request_end();
}

void Http1Connection::on_request_end() {
  request_ended_ = true;
  if (reader_.trailers().empty()) {
    handler_->on_body({}, true);
  } else {
    handler_->on_trailers(reader_.trailers());
  }
}

void Http1Connection::on_unreadable(const Error& error, const UnreadableRequest& request) {
  if (handler_ != nullptr) {
    RequestHandler* handler = std::exchange(handler_, nullptr);
    handler->on_aborted(error);
  }
  if (state_ == State::kClosing) return;
  if (answer_begun_ && !answer_ended_) {
    state_ = State::kClosing;
    connection_->abort();
    return;
  }
  state_ = State::kExchange;
  answer_begun_ = answer_ended_ = false;
  close_after_ = true;
  minor_zero_ = head_request_ = false;
  send_answer(*this, server_.acceptor().on_unreadable(error, request), error);
  close_when_flushed();
}

void Http1Connection::on_end() {
  client_ended_ = true;
  switch (state_) {
    case State::kClosing:
      return;
    case State::kIdle:
      if (!held_.empty()) return;  // requests that are due
      [[fallthrough]];
    case State::kHead:
      close_when_flushed();
      return;
    case State::kUpgraded:
      if (held_.empty()) on_client_half_closed();
      return;
    case State::kExchange:
      on_client_left_or_half_closed();
      return;
  }
}

void Http1Connection::on_client_left_or_half_closed() {
  if (!request_ended_) {
    // What is held, and not because the handler takes nothing, will never be whole.
    if (held_.empty()) {
      abort_exchange(kClientLeft);
    } else {
      process_held();
    }
    return;
  }
  if (!answer_begun_ && fin_came_with_input()) return;
  leave_grace_ = true;
  deadline_.arm(server_.loop().now() + (answer_begun_ ? kSilenceGrace : kLeaveGrace));
}

// Read in one turn with it, or there as soon as the loop looked again, or soon after it: what this process did in
// between may have taken longer than the client did.
bool Http1Connection::fin_came_with_input() const {
  const uint32_t turns = server_.loop().iteration() - last_input_iteration_;
  if (turns == 0 || (turns == 1 && server_.loop().last_wait() <= kFinWithRequest)) return true;
  return std::chrono::steady_clock::now() - last_input_at_ <= kFinWithRequest;
}

void Http1Connection::on_drained() {
  if (state_ == State::kIdle) return read_on();
  if (handler_ == nullptr) return;
  if (!leave_grace_) touch();
  handler_->on_drained();
}

void Http1Connection::on_closed(const Error& error) {
  state_ = State::kClosing;
  if (handler_ != nullptr) {
    RequestHandler* handler = std::exchange(handler_, nullptr);
    Error cause = error;
    cause.side = Side::kClient;
    handler->on_aborted(cause);
  }
  server_.retire(this);
}

void Http1Connection::on_deadline(Deadline& deadline) {
  if (&deadline == &watch_) return look_after_paused();
  switch (state_) {
    case State::kIdle:
      // The client is still getting the answer before, and was told that it may ask again.
      if (close_after_ && still_arriving() && !takes_nothing()) {
        deadline_.arm(server_.loop().now() + kLastRequestGrace);
        return;
      }
      // The rest of the answer before is on its way to a slow reader.
      if (!connection_->all_acknowledged() && client_took(taken_)) return wait_for_request();
      state_ = State::kClosing;
      connection_->close();
      return;
    case State::kHead:
      on_unreadable(
          Error{ErrorCode::kRequestTimeout, Side::kClient, false, 0, "the request's head did not come in time"},
          {client_ip_, {}, {}, {}});
      return;
    case State::kExchange:
      if (!leave_grace_) return look_for_silence();
      // What lies unread at a client that has left is answered by a RST.
      if (congested()) return touch();
      return abort_exchange(kClientLeft);
    case State::kUpgraded:
      return look_for_silence();
    case State::kClosing:
      connection_->close();
      return;
  }
}

// After a 101 the request never ends.
void Http1Connection::look_for_silence() {
  if (handler_->holds_up() || client_took(taken_)) return touch();
  if (!silence_.lasted(deadline_, server_.loop().now(), server_.options().exchange_timeout)) return;
  const bool ended = request_ended_ && state_ == State::kExchange;
  const Error silence{ErrorCode::kTimeout, silent_side(*this, ended, *handler_), false, 0, "no byte for too long"};
  if (!answer_begun_ && handler_->on_silent(silence)) return;
  abort_exchange(silence);
}

// Whether the answer before is still on its way, or was when this was looked at before.
bool Http1Connection::still_arriving() {
  const bool arriving = !connection_->all_acknowledged();
  return std::exchange(arriving_, arriving) || arriving;
}

// Whether the client has taken no byte of its answers for as long as a connection may be idle.
bool Http1Connection::takes_nothing() {
  const Time now = server_.loop().now();
  if (client_took(taken_)) took_at_ = now;
  return now - took_at_ >= server_.options().keep_alive_timeout;
}

// A connection that is not read tells nothing by itself.
void Http1Connection::look_after_paused() {
  if (state_ == State::kHead || state_ == State::kClosing || connection_->reading()) return;
  if (connection_->peer_is_gone()) return abort_exchange(kClientLeft);
  watch_.arm(server_.loop().now() + kWatchInterval);
}

void Http1Connection::resume_body() {
  if (!leave_grace_) touch();
  read_on();
}

void Http1Connection::read_on() {
  if (!held_.empty()) {
    process_later();
  } else {
    connection_->resume_read();
  }
}

// What was given of the answer still goes out. Its framing shows that it is cut; where only the connection's end frames
// it, a RST does.
void Http1Connection::abort() {
  part_with_handler();
  if (!answer_begun_ || answer_body_ == AnswerBody::kUntilClose) {
    state_ = State::kClosing;
    connection_->flush_now();
    connection_->abort();
  } else {
    close_when_flushed();
  }
}

void Http1Connection::abort_exchange(const Error& error) {
  RequestHandler* handler = std::exchange(handler_, nullptr);
  state_ = State::kClosing;
  if (answer_begun_) {
    connection_->abort();
  } else {
    connection_->close();
  }
  if (handler != nullptr) handler->on_aborted(error);
}

void Http1Connection::part_with_handler() {
  handler_ = nullptr;
  handler_parted_ = true;
}

void Http1Connection::exchange_over() {
  part_with_handler();
  leave_grace_ = false;
  // Where draining began behind the answer's head, the client may have sent another request by now.
  if (state_ == State::kUpgraded || !request_ended_ || (close_after_ && close_said_) ||
      (client_ended_ && held_.empty() && !processing_)) {
    close_when_flushed();
  } else {
    next_request();
  }
}

void Http1Connection::next_request() {
  state_ = State::kIdle;
  arriving_ = true;
  took_at_ = server_.loop().now();
  wait_for_request();
  if (!processing_) read_on();
}

void Http1Connection::wait_for_request() {
  deadline_.arm(server_.loop().now() + (close_after_ ? kLastRequestGrace : server_.options().keep_alive_timeout));
}

void Http1Connection::close_when_flushed() {
  state_ = State::kClosing;
  held_.release();
  deadline_.cancel();
  connection_->close_after_flush();
}

void Http1Connection::touch() {
  leave_grace_ = false;
  silence_.begin(deadline_, server_.loop().now(), server_.options().exchange_timeout);
}

}  // namespace ingress::server
