#include "broker/generations/relayed_stream.h"

#include <algorithm>

namespace ingress::broker {

void RelayWay::take(MutableBytes payload, bool end) {
  end_came_ = end_came_ || end;
  if (!to_) return;
  const size_t passed = waiting_.empty() ? pass(payload) : 0;
  waiting_.append(payload.subspan(passed));
}

void RelayWay::take_trailers(const http::Fields& trailers) {
  end_came_ = true;
  if (!to_) return;
  has_trailers_ = true;
  for (const http::Field& field : trailers) trailers_.emplace_back(field.name, field.value);
  if (waiting_.empty()) pass_trailers();
}

void RelayWay::resume() {
  if (!to_ || waiting_.empty()) return;
  waiting_.consume(pass(waiting_.mutable_view()));
  if (!waiting_.empty()) return;
  waiting_.release();
  if (has_trailers_) pass_trailers();
}

// What the stream ahead takes, until it takes no more: only then does its on_sendable come. The end goes with the last
// byte.
size_t RelayWay::pass(MutableBytes bytes) {
  const bool ends = end_came_ && !has_trailers_;
  size_t passed = 0;
  do {
    const size_t count = std::min(to_.sendable(), bytes.size() - passed);
    const bool last = ends && passed + count == bytes.size();
    if (count == 0 && !last) break;
    to_.send_data(bytes.subspan(passed, count), last);
    passed += count;
    passed_ = passed_ || last;
    if (from_ && count > 0) from_.consumed(count);
  } while (passed < bytes.size());
  return passed;
}

void RelayWay::pass_trailers() {
  http::Fields fields;
  for (const auto& [name, value] : trailers_) fields.push_back({name, value});
  to_.send_trailers(fields);
  has_trailers_ = false;
  passed_ = true;
}

RelayedStream::RelayedStream(RelayOwner& owner) : owner_(owner) {}

RelayedStream::~RelayedStream() {
  if (opener_) opener_.abandon(tunnel::ResetCode::kCancelled);
  if (machine_) machine_.abandon(tunnel::ResetCode::kCancelled);
}

tunnel::StreamHandler* RelayedStream::start(tunnel::Stream& opener, Carrier& carrier, std::string_view machine,
                                            const tunnel::OpenHead& head, bool end) {
  Error why;
  machine_ = carrier.open_here(machine, head, end, &from_machine_, why);
  if (!machine_) {
    opener.abandon(tunnel::ResetCode::kRefused);
    return nullptr;
  }
  answering_ = &opener;
  opener_ = CarriedStream(&opener);
  if (end) up_.take_end();
  machine_takes();
  return &from_opener_;
}

// The opener gets its first credit when the machine's stream is there: of a request that none takes nothing has been
// sent, and it can be sent again.
void RelayedStream::machine_takes() {
  if (!body_wanted_ && answering_ != nullptr && machine_ && machine_.sendable() > 0) {
    body_wanted_ = true;
    answering_->grant();
  }
  up_.resume();
}

void RelayedStream::answer_head(const http::ResponseHead& head, bool end) {
  if (!opener_) return;
  if (end) down_.take_end();
  answering_->send_head(head, end);  // where it can't be sent on_closed says so
}

void RelayedStream::resume_answer() {
  down_.resume();
  if (machine_ || !down_.passed()) return;
  stop_request();
  settle();
}

// With both ways passed it ended in order, and the machine's stream does by itself.
void RelayedStream::opener_closed(tunnel::ResetCode code) {
  opener_ = {};
  answering_ = nullptr;
  if (machine_ && !(up_.end_came() && down_.passed())) machine_.abandon(code);
  settle();
}

// After a whole answer the rest of it is passed on, and what the request may still bring is not wanted.
void RelayedStream::machine_closed(tunnel::ResetCode code) {
  machine_ = {};
  if (!down_.end_came()) {
    if (opener_) opener_.abandon(code);
  } else if (down_.passed()) {
    stop_request();
  }
  settle();
}

void RelayedStream::stop_request() {
  if (opener_ && !up_.end_came()) opener_.abandon(tunnel::ResetCode::kStopSending);
}

void RelayedStream::settle() {
  if (!opener_ && !machine_) owner_.on_relay_over(*this);
}

}  // namespace ingress::broker
