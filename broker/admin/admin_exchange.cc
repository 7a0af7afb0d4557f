#include "broker/admin/admin_exchange.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/http/http1_writer.h"

namespace ingress::broker::admin {

namespace {

// Where the length is known before: `length`, else nullptr.
http::ResponseHead head_of(const Answer& answer, const std::string* length) {
  http::ResponseHead head;
  head.status = answer.status;
  head.reason = http::reason_of(answer.status);
  const bool has_body = answer.status != 204 && answer.status != 304;
  if (has_body) head.fields.push_back({"Content-Type", answer.content_type});
  if (has_body && length != nullptr) head.fields.push_back({"Content-Length", *length});
  const auto is_cache_control = [](const auto& field) { return field.first == "Cache-Control"; };
  if (std::none_of(answer.fields.begin(), answer.fields.end(), is_cache_control)) {
    head.fields.push_back({"Cache-Control", "no-store"});
  }
  head.fields.push_back({"X-Content-Type-Options", "nosniff"});
  for (const auto& [name, value] : answer.fields) head.fields.push_back({name, value});
  return head;
}

void send_text(server::Responder& responder, std::string_view text, bool end) {
  std::vector<uint8_t> body(kHeadroomBytes + text.size());
  std::copy(text.begin(), text.end(), body.begin() + kHeadroomBytes);
  responder.send_data(MutableBytes(body).subspan(kHeadroomBytes), end);
}

}  // namespace

void send(server::Responder& responder, const Answer& answer) {
  const std::string length = std::to_string(answer.body.size());
  const bool known = answer.source == nullptr;
  if (!responder.send_head(head_of(answer, known ? &length : nullptr), answer.body.empty())) return responder.abort();
  if (!answer.body.empty()) send_text(responder, answer.body, true);
}

AdminExchange::AdminExchange(const Router& router, server::Responder& responder, std::shared_ptr<Request> request,
                             IsWelcome is_welcome, OnOver on_over)
    : router_(router),
      responder_(&responder),
      request_(std::move(request)),
      is_welcome_(std::move(is_welcome)),
      on_over_(std::move(on_over)) {}

void AdminExchange::dispatch() {
  dispatched_ = true;
  const Reply reply = [watch = weak_from_this()](const Answer& given) {
    if (const std::shared_ptr<AdminExchange> exchange = watch.lock()) exchange->answer(given);
  };
  router_.dispatch(request_, reply);
}

void AdminExchange::answer(const Answer& answer) {
  const std::shared_ptr<AdminExchange> keep = shared_from_this();
  if (responder_ == nullptr) return;
  if (answer.source != nullptr && request_->method != "HEAD") return start_stream(answer);
  server::Responder* responder = std::exchange(responder_, nullptr);
  on_over_(this);
  send(*responder, answer);
}

void AdminExchange::start_stream(const Answer& answer) {
  if (!responder_->send_head(head_of(answer, nullptr), false)) {
    std::exchange(responder_, nullptr)->abort();
    return on_over_(this);
  }
  source_ = answer.source;
  source_->start(*this);
}

void AdminExchange::write(std::string_view text) {
  if (responder_ != nullptr && !text.empty()) send_text(*responder_, text, false);
}

bool AdminExchange::congested() const { return responder_ == nullptr || responder_->congested(); }

void AdminExchange::end() {
  const std::shared_ptr<AdminExchange> keep = shared_from_this();
  server::Responder* responder = std::exchange(responder_, nullptr);
  if (responder == nullptr) return;
  on_over_(this);
  send_text(*responder, {}, true);
}

void AdminExchange::end_stream() {
  if (source_ != nullptr) end();
}

void AdminExchange::turn_away() {
  if (dispatched_) return end_stream();
  if (over()) return;
  responder_->drop_rest_of_request();
  answer(unauthorized("the token was revoked, or its time is over, since the request began"));
}

void AdminExchange::on_drained() {
  const std::shared_ptr<AdminExchange> keep = shared_from_this();
  if (source_ != nullptr) source_->on_room();
}

void AdminExchange::on_body(MutableBytes payload, bool end) {
  const std::shared_ptr<AdminExchange> keep = shared_from_this();
  if (payload.size() > kMaxBodyBytes - request_->body.size()) {
    return answer(problem(413, "body_too_large", "a request's body may have 1 MiB"));
  }
  request_->body.append(as_text(payload));
  if (end) on_whole();
}

// A body may be long in coming, and who asks is known by the head.
void AdminExchange::on_whole() {
  if (is_welcome()) return dispatch();
  turn_away();
}

void AdminExchange::on_trailers(const http::Fields&) {
  const std::shared_ptr<AdminExchange> keep = shared_from_this();
  on_whole();
}

void AdminExchange::on_aborted(const Error&) {
  const std::shared_ptr<AdminExchange> keep = shared_from_this();
  responder_ = nullptr;
  on_over_(this);
}

}  // namespace ingress::broker::admin
