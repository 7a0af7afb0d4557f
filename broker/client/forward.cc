#include "broker/client/forward.h"

#include <ctime>
#include <utility>

#include "broker/admission/rewriting.h"
#include "broker/admission/share_pass.h"
#include "broker/client/forward_work.h"
#include "common/http/forwarded.h"
#include "common/http/http1_writer.h"

namespace ingress::broker {
namespace {

constexpr Error kBadAnswer{ErrorCode::kProxyError, Side::kOrigin, false, 0, "the answer's head can't be passed on"};
constexpr Error kNotBack{ErrorCode::kMachineUnavailable, Side::kTunnel, true, 0,
                         "the machine's tunnel did not come back in time"};
constexpr Error kNoMemory{ErrorCode::kOverloaded, Side::kInternal, true, 0, "the broker's memory budget is used up"};
constexpr uint8_t kMostAttempts = 4;
// An exchange is told to who listens before it has ended where it takes longer.
constexpr std::chrono::seconds kLasting{1};
constexpr Error kNoAnswer{ErrorCode::kProxyError, Side::kTunnel, false, 0, "the tunnel broke off before an answer"};

std::string_view value_of(const http::Fields& fields, std::string_view name) {
  const http::Field* field = http::find_field(fields, name);
  return field == nullptr ? std::string_view{} : field->value;
}

tunnel::StreamKind kind_of(OriginProtocol protocol) {
  switch (protocol) {
    case OriginProtocol::kH2c:
      return tunnel::StreamKind::kH2c;
    case OriginProtocol::kHttps:
      return tunnel::StreamKind::kHttps;
    case OriginProtocol::kHttp:
      break;
  }
  return tunnel::StreamKind::kHttp;
}

// RFC 9110, 9.2.1; TRACE is not forwarded.
bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

// A client that goes is nobody's error.
bool has_left(const Error& error) {
  return error.side == Side::kClient && (error.code == ErrorCode::kReset || error.code == ErrorCode::kClosed);
}

}  // namespace

void Forward::reset(server::Responder& responder, const http::RequestHead& head, const server::RequestInfo& info) {
  responder_ = &responder;
  stream_ = {};
  host_.clear();
  machine_.clear();
  held_.hold(head, info);
  held_trailers_.clear();
  rules_ = {};
  started_ = owner_.loop_.now();
  notes_.begin(info.read_at);
  unconsumed_bytes_ = 0;
  body_bytes_ = 0;
  status_ = public_port_ = 0;
  starting_ = false;
  wake_.clear();
  park_.reset();
  // An Upgrade's stream stays open this way: bytes follow a 101.
  request_ended_ = info.end && !info.upgrade;
  upgraded_ = answer_begun_ = answer_ended_ = false;
  body_used_ = answer_used_ = again_due_ = false;
  attempts_ = 0;
}

bool Forward::start(server::Responder& responder, const http::RequestHead& head, const server::RequestInfo& info) {
  reset(responder, head, info);
  const Status status = owner_.memory_.exceeded() ? tl::unexpected(kNoMemory) : try_open();
  if (status || park(status.error())) return true;
  fail(status.error());
  limits_.reset();
  admission_.clear();
  return false;
}

Status Forward::try_open() {
  const Result<http::RequestTarget> target = http::request_target(held_.head());
  if (!target) return tl::unexpected(target.error());
  if (const Status resolved = resolve(*target); !resolved) return resolved;
  if (const Status forwarded = http::check_forwarded(held_.head()); !forwarded) return forwarded;
  if (const Status admitted = admit(target->target); !admitted) return admitted;
  return admission_.inquiry == nullptr ? open(target->target) : Status();
}

bool Forward::park(const Error& why) {
  if (why.code != ErrorCode::kMachineUnavailable && why.code != ErrorCode::kMachineStarting) return false;
  const Waiting& waiting = owner_.waiting_;
  const Time now = owner_.loop_.now();
  const Time until = started_ + park_.value_or(waiting.park);
  const bool wakes = !wake_.empty();
  const WakeWish wish{machine_, wake_, host_};
  if (now >= until) {
    if (wakes) waiting.waker.ask(wish, now);
    return false;
  }
  if (!wakes && !starting() && !waiting.recent.lately(machine_, now)) return false;
  place_ = waiting.lot.park(machine_, *this, held_.bytes(), until);
  if (place_ != nullptr && wakes) claim_.emplace(waiting.waker, wish);
  return place_ != nullptr;
}

void Forward::leave_lot() {
  place_.reset();
  claim_.reset();
}

void Forward::on_machine_up() {
  leave_lot();
  open_or_park();
}

void Forward::on_park_over() {
  leave_lot();
  fail(of_machine(kNotBack));
  settle();
}

void Forward::again() {
  if (std::exchange(again_due_, false)) open_or_park();
}

void Forward::open_or_park() {
  const Status status = try_open();
  if (status) return responder_->resume_body();
  if (park(status.error())) return;
  fail(status.error());
  settle();
}

// Nothing of it has been used, and the origin may see it twice, or has not seen it at all.
bool Forward::may_be_sent_again(const Error& error) const {
  return !body_used_ && !answer_used_ && attempts_ < kMostAttempts && error.side == Side::kTunnel &&
         (error.retryable || is_safe(held_.head().method));
}

Status Forward::resolve(const http::RequestTarget& target) {
  host_.assign(target.host);
  const server::RequestInfo& info = held_.info();
  public_port_ = info.public_port;
  if (public_port_ == 0) public_port_ = http::port_asked(info.public_host.empty() ? host_ : info.public_host, info.tls);
  Resolution& found = owner_.work_->resolution;
  const RouteQuery query{target.host, target.target, std::time(nullptr)};
  const Status resolved = owner_.routes_.read().resolve(query, found);
  notes_.led(found);
  admission_.security = found.policy.security_headers();
  if (!resolved) return resolved;
  machine_.assign(found.machine);
  notes_.enter(owner_.observer_, machine_);
  starting_ = found.machine_state == MachineState::kStarting;
  rules_.target_port = found.port;
  rules_.target_tls = found.policy.origin_protocol() == OriginProtocol::kHttps;
  rules_.host = found.policy.host();
  rules_.origin = found.policy.origin();
  const std::string* const wake = found.policy.wake();
  wake_.assign(wake == nullptr ? std::string_view() : *wake);
  park_ = found.policy.park();
  return {};
}

Status Forward::open(std::string_view target) {
  const http::RequestHead& head = held_.head();
  const server::RequestInfo& info = held_.info();
  Forwarder::Work& work = *owner_.work_;
  work.scratch.clear();
  work.open.request.clear();
  work.open.kind = kind_of(work.resolution.policy.origin_protocol());
  work.open.port = rules_.target_port;
  work.open.upgrade = info.upgrade;
  work.open.request.method = head.method;
  const Terms* const terms = admission_.terms();
  work.open.connect_limit = terms == nullptr ? Duration{0} : terms->connect;
  const bool own_target = terms == nullptr || terms->target.empty();
  work.open.request.target = take_off_link(own_target ? target : std::string_view(terms->target), work.scratch);
  notes_.sent_with(http::forward_request_fields(head, info.upgrade, inbound(), rules_, owner_.ids_, work.scratch,
                                                work.open.request.fields));
  take_off_passes(work.scratch, work.open.request.fields);
  if (terms != nullptr) rewrite_request(*terms, work.open.request.fields);
  Error why;
  stream_ = owner_.carrier_.open(machine_, work.open, request_ended_ && held_trailers_.empty(), this, why);
  notes_.let_in(fine_now(), static_cast<bool>(stream_));
  if (!stream_) return tl::unexpected(of_machine(why));
  ++attempts_;
  if (terms != nullptr) limits_ = ExchangeLimits::of(owner_.loop_, *admission_.admitted, *this);
  if (!held_trailers_.empty()) send_held_trailers();
  return {};
}

bool Forward::starting() const { return starting_ || owner_.waiting_.waker.starting(machine_, owner_.loop_.now()); }

Error Forward::of_machine(Error why) const {
  if (why.code == ErrorCode::kMachineUnavailable && starting()) why.code = ErrorCode::kMachineStarting;
  return why;
}

http::Inbound Forward::inbound() const {
  const server::RequestInfo& info = held_.info();
  return {info.client_ip, info.tls ? "https" : "http", host_, public_port_, info.forwarded_for, info.public_host};
}

// Without a stream no body byte is welcome (allowance), but the end of an empty body can come.
void Forward::on_body(MutableBytes payload, bool end) {
  request_ended_ = request_ended_ || end;
  if (!stream_ || !take_body(payload.size())) return;
  body_used_ = body_used_ || !payload.empty();
  notes_.bytes_in += payload.size();
  owner_.observer_.bytes_in(payload.size(), notes_.machine);
  stream_.send_data(payload, end);
  if (end && upgraded_ && answer_ended_) answer_over();
}

size_t Forward::allowance() { return stream_ && !paused() ? stream_.sendable() : 0; }

void Forward::on_drained() {
  if (limits_ != nullptr) limits_->moved();
  if (!stream_ || unconsumed_bytes_ == 0 || paused()) return;
  const size_t bytes = std::exchange(unconsumed_bytes_, 0);
  stream_.consumed(bytes);
}

bool Forward::on_silent(const Error& error) {
  if (responder_ == nullptr || answer_begun_) return false;
  stop_waiting();
  if (stream_) stream_.abandon(tunnel::ResetCode::kCancelled);
  fail(error);
  settle();
  return true;
}

void Forward::stop_waiting() {
  leave_lot();
  stop_asking();
  again_due_ = false;
}

void Forward::on_aborted(const Error& error) {
  if (responder_ == nullptr) return;
  body_bytes_ = responder_->body_bytes_sent();
  responder_ = nullptr;
  stop_waiting();
  log(&error);
  if (stream_) stream_.abandon(tunnel::ResetCode::kCancelled);
  settle();
}

void Forward::on_head(const http::ResponseHead& head, bool end) {
  if (responder_ == nullptr) return;
  Forwarder::Work& work = *owner_.work_;
  work.scratch.clear();
  work.answer.clear();
  work.answer.status = head.status;
  work.answer.reason = head.reason;
  http::forward_response_fields(head, inbound(), rules_, work.scratch, work.answer.fields);
  const bool final = head.status == 101 || head.status >= 200;
  rewrite(work.answer.fields, final);
  if (final && limits_ != nullptr) limits_->answer_began();
  if (!responder_->send_head(work.answer, end)) {
    stream_.abandon(tunnel::ResetCode::kCancelled);
    fail(kBadAnswer);
    settle();
    return;
  }
  answer_used_ = true;
  if (!final) return;
  notes_.answered(fine_now());
  status_ = head.status;
  answer_begun_ = true;
  if (owner_.observer_.wants_heads()) notes_.keep_heads(held_.head().fields, &work.answer.fields);
  upgraded_ = head.status == 101;
  if (upgraded_) held_.drop_fields();
  if (end) {
    answer_ended_ = true;
    if (!upgraded_ || request_ended_) answer_over();
  }
}

void Forward::on_data(MutableBytes payload, bool end) {
  if (responder_ == nullptr) return;
  owner_.observer_.bytes_out(payload.size(), notes_.machine);
  if (limits_ != nullptr) limits_->take_bytes(payload.size());
  responder_->send_data(payload, end);
  if (end) {
    answer_ended_ = true;
    body_bytes_ = responder_->body_bytes_sent();
    if (!upgraded_ || request_ended_) answer_over();
    return;
  }
  unconsumed_bytes_ += payload.size();
  if (!responder_->congested()) on_drained();
}

void Forward::on_sendable() {
  if (limits_ != nullptr) limits_->moved();
  if (responder_ != nullptr) responder_->resume_body();
}

// The client's side is through. The stream's on_closed follows where the request has ended too; else it is broken off.
void Forward::answer_over() {
  responder_ = nullptr;
  log(nullptr);
  if (!request_ended_) {
    if (stream_) stream_.abandon(tunnel::ResetCode::kStopSending);
    settle();
  } else if (!stream_) {
    settle();
  }
}

void Forward::on_closed(const Error& error, tunnel::ResetCode) {
  const bool far = std::exchange(stream_, {}).is_far();
  if (responder_ != nullptr && !answer_ended_) {
    if (may_be_sent_again(error)) {
      limits_.reset();
      // Not from inside the session that tells it: that one may be the last that the machine has.
      again_due_ = true;
      return owner_.again_later(*this);
    }
    const Error& shown = error.code == ErrorCode::kClosed ? kNoAnswer : error;
    fail(far ? of_machine(shown) : shown);  // of one that another loop could not open, too
  } else if (responder_ != nullptr) {
    // After a 101, whose answer has ended: what the client still sends goes nowhere.
    std::exchange(responder_, nullptr)->abort();
    log(nullptr);
  }
  settle();
}

void Forward::fail(const Error& error) {
  server::Responder* responder = std::exchange(responder_, nullptr);
  body_bytes_ = responder->body_bytes_sent();
  const bool redirects = admission_.instead && admission_.instead->status != 0;
  if (!answer_begun_) status_ = redirects ? admission_.instead->status : status_of(error);
  // What an origin says by a code of HTTP/2 its client understands best as that.
  const uint8_t http2_code = http2_code_of(error);
  if (http2_code != 0 && responder->reset(http2_code)) return log(&error);
  if (answer_begun_) {
    responder->abort();
    log(&error);
    return;
  }
  const http::Fields more = fields_instead();
  if (redirects) {
    log(nullptr);
    return server::send_redirect(*responder, status_, more);
  }
  http::ErrorDetails details;
  details.method = held_.head().method;
  details.host = host_;
  details.machine = machine_;
  details.port = rules_.target_port;
  details.reason = error.context;
  std::optional<std::vector<int>> listening;
  if (error.side == Side::kOrigin && public_error(error).code == ErrorCode::kProxyError) {
    listening = owner_.listening(machine_, rules_.target_port);
  }
  if (listening) details.listening = *listening;
  const http::ErrorAnswer answer = http::error_answer(error, details, value_of(held_.head().fields, "Accept"));
  if (details.method != "HEAD") body_bytes_ = answer.body.size();
  log(&error);
  // An ambiguous request may be followed by what only looks like another one.
  if (error.code == ErrorCode::kInvalidHost || error.code == ErrorCode::kBadRequest) responder->close_after_answer();
  server::send_answer(*responder, answer, error, more);
}

ExchangeRecord Forward::record(FineTime now) const {
  const http::RequestHead& head = held_.head();
  ExchangeRecord record;
  notes_.fill(record, now);
  record.client_ip = held_.info().client_ip;
  record.protocol = held_.info().http2 ? "h2" : head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
  record.host = host_;
  record.method = head.method;
  record.target = head.target;
  record.machine = machine_;
  record.port = rules_.target_port;
  record.status = status_;
  return record;
}

bool Forward::tell_lasting(FineTime now) {
  const uint64_t round = owner_.observer_.round();
  if (responder_ == nullptr || notes_.lasting_told == round || now - notes_.began < kLasting) return false;
  ExchangeRecord so_far = record(now);
  so_far.bytes_out = responder_->body_bytes_sent();
  owner_.observer_.lasts(so_far, std::exchange(notes_.lasting_told, round), now);
  return true;
}

void Forward::log(const Error* error) {
  // One that went nowhere has the client's own, if any.
  if (notes_.request_id.view().empty()) notes_.sent_with(http::ids_of(held_.head().fields));
  if (owner_.observer_.wants_heads() && notes_.heads.empty()) notes_.keep_heads(held_.head().fields, nullptr);
  const FineTime now = fine_now();
  ExchangeRecord ended = record(now);
  ended.bytes_out = body_bytes_;
  ended.failed = status_ >= 500 || (error != nullptr && status_of(*error) >= 500);
  if (error != nullptr && !has_left(*error)) ended.error = public_error(*error).code;
  owner_.observer_.ended(ended, std::exchange(notes_.machine, nullptr), now);
}

// Free for the next request once neither side can call any more.
void Forward::settle() {
  if (responder_ != nullptr || stream_) return;
  held_.let_go();
  limits_.reset();
  admission_.clear();
  owner_.give_back(this);
}

}  // namespace ingress::broker
