#include "agent/session/origin_stream.h"

#include <algorithm>
#include <utility>

#include "agent/session/origin_streams.h"
#include "agent/session/reset_code.h"
#include "agent/session/response_fields.h"
#include "common/base/log.h"

namespace ingress::agent {
namespace {

// A buffer that a slow upload grew is not kept for the next stream.
constexpr size_t kKeptBufferBytes = size_t{16} * 1024;

bool has_body(const http::Fields& fields) {
  const http::Field* length = http::find_field(fields, "content-length");
  return length != nullptr && length->value != "0";
}

}  // namespace

tunnel::StreamHandler* OriginStream::start(tunnel::Stream& stream, const origin::Target& target,
                                           const tunnel::OpenHead& open, bool end) {
  stream_ = &stream;
  port_ = open.port;
  origin::Request request;
  request.method = open.request.method;
  request.target = open.request.target;
  request.fields = &open.request.fields;
  if (open.kind == tunnel::StreamKind::kH2c) request.protocol = origin::Protocol::kH2c;
  // A request that asks for an Upgrade has no body: its stream stays open for what follows a 101. One that has a body
  // nevertheless is an ordinary request (RFC 9110, 7.8: Upgrade may be ignored).
  request.upgrade = open.upgrade && !has_body(open.request.fields);
  request.end = end || request.upgrade;
  held_ = request.upgrade;
  origin::Timeouts timeouts = owner_.timeouts_;
  if (open.connect_limit.count() > 0) timeouts.connect = open.connect_limit;
  exchange_ = owner_.pool_.start(target, request, timeouts, from_origin_);
  return &from_tunnel_;
}

void OriginStream::clear() {
  exchange_.reset();
  waiting_.clear();
  if (waiting_.capacity() > kKeptBufferBytes) waiting_.release();
  waiting_end_ = held_ = false;
  waiting_trailers_.clear();
}

// What the exchange takes of `payload`, until it takes no more: only then does on_sendable come. `end` goes with the
// last byte.
size_t OriginStream::pass_on(MutableBytes payload, bool end) {
  size_t passed = 0;
  do {
    const size_t count = std::min(exchange_->sendable(), payload.size() - passed);
    const bool last = passed + count == payload.size();
    if (count == 0 && !(last && end)) break;
    exchange_->send_data(payload.subspan(passed, count), last && end);
    passed += count;
    if (stream_ == nullptr) return passed;
    if (count > 0) stream_->consumed(count);
  } while (passed < payload.size());
  return passed;
}

void OriginStream::request_data(MutableBytes payload, bool end) {
  if (exchange_ == nullptr || stream_ == nullptr) return;
  const bool waits = held_ || !waiting_.empty();
  const size_t passed = waits ? 0 : pass_on(payload, end);
  if (passed == payload.size() && !waits) return;
  waiting_.append(payload.subspan(passed));
  waiting_end_ = end;
}

void OriginStream::request_trailers(const http::Fields& trailers) {
  if (exchange_ == nullptr || stream_ == nullptr) return;
  if (waiting_.empty() && !held_) return exchange_->send_trailers(trailers);
  waiting_end_ = true;
  for (const http::Field& field : trailers) waiting_trailers_.emplace_back(field.name, field.value);
}

void OriginStream::send_waiting() {
  if (exchange_ == nullptr || stream_ == nullptr || held_ || (waiting_.empty() && !waiting_end_)) return;
  const bool end = waiting_end_ && waiting_trailers_.empty();
  const size_t passed = pass_on(waiting_.empty() ? MutableBytes{} : waiting_.mutable_view(), end);
  waiting_.consume(passed);
  if (stream_ == nullptr || !waiting_.empty() || !std::exchange(waiting_end_, false) || end) return;
  http::Fields trailers;
  for (const auto& [name, value] : waiting_trailers_) trailers.push_back({name, value});
  exchange_->send_trailers(trailers);
}

void OriginStream::resume_answer() {
  if (exchange_ != nullptr && stream_ != nullptr) exchange_->resume();
}

void OriginStream::stream_closed() {
  stream_ = nullptr;
  owner_.retire(*this);
}

void OriginStream::answer_head(const http::ResponseHead& head, bool end) {
  if (stream_ == nullptr) return;
  constexpr int kSwitchingProtocols = 101;
  http::ResponseHead& out = owner_.head_;
  out.status = head.status;
  out.reason = head.reason;
  out.minor_version = head.minor_version;
  end_to_end_fields(head.fields, head.status, out.fields);
  stream_->send_head(out, end);
  // The exchange's on_sendable follows a 101.
  if (head.status == kSwitchingProtocols) held_ = false;
}

void OriginStream::answer_data(MutableBytes payload, bool end) {
  if (stream_ != nullptr) stream_->send_data(payload, end);
}

void OriginStream::answer_trailers(const http::Fields& trailers) {
  if (stream_ != nullptr) stream_->send_trailers(trailers);
}

void OriginStream::exchange_failed(const Error& error) {
  if (stream_ == nullptr) return;
  log_debug("exchange_failed", {{"port", port_}, {"error", describe(error)}});
  if (owner_.on_failed_) owner_.on_failed_(port_, error);
  finish(reset_code_of(error));
}

void OriginStream::finish(tunnel::ResetCode code) {
  if (stream_ == nullptr) return;
  std::exchange(stream_, nullptr)->abandon(code);
  owner_.retire(*this);
}

}  // namespace ingress::agent
