#include "agent/local/local_exchange.h"

#include <utility>

#include "agent/local/local_requests.h"
#include "common/base/log.h"

namespace ingress::agent {
namespace {

constexpr Error kBadAnswer{ErrorCode::kProtocol, Side::kOrigin, false, 0, "the answer's Content-Length is malformed"};

}  // namespace

size_t LocalExchange::FromOrigin::allowance() {
  return owner_.responder_ == nullptr || owner_.responder_->congested() ? 0 : kMostAnswerBytes;
}

void LocalExchange::FromOrigin::on_sendable() {
  if (owner_.responder_ != nullptr) owner_.responder_->resume_body();
}

server::RequestHandler* LocalExchange::start(server::Responder& responder, const http::RequestHead& head,
                                             const server::RequestInfo& info, const http::RequestTarget& line,
                                             const origin::Target& target, const AskedTarget& asked) {
  responder_ = &responder;
  client_.take(head.fields, info.client_ip, line.host, asked.host, owner_.admission_.by_secret());
  port_ = asked.port;
  request_ended_ = info.end;
  upgraded_ = answer_begun_ = answer_ended_ = false;
  owner_.scratch_.clear();
  owner_.request_fields_.clear();
  http::RequestRules rules;
  rules.target_port = port_;
  http::forward_request_fields(head, info.upgrade, client_.of_request(), rules, owner_.ids_, owner_.scratch_,
                               owner_.request_fields_);
  origin::Request request;
  request.method = head.method;
  request.target = line.target;
  request.fields = &owner_.request_fields_;
  request.upgrade = info.upgrade;
  request.end = info.end;
  exchange_ = owner_.parts_.pool.start(target, request, owner_.timeouts_, from_origin_);
  return &from_client_;
}

void LocalExchange::request_data(MutableBytes payload, bool end) {
  request_ended_ = request_ended_ || end;
  if (exchange_ != nullptr) exchange_->send_data(payload, end);
  if (!end || !upgraded_ || !answer_ended_) return;
  responder_ = nullptr;
  settle();
}

void LocalExchange::request_trailers(const http::Fields& trailers) {
  request_ended_ = true;
  if (exchange_ != nullptr) exchange_->send_trailers(trailers);
}

void LocalExchange::client_drained() {
  if (exchange_ != nullptr) exchange_->resume();
}

void LocalExchange::client_left(const Error& error) {
  log_debug("local_client_left", {{"port", port_}, {"error", describe(error)}});
  responder_ = nullptr;
  exchange_.reset();
  settle();
}

void LocalExchange::answer_head(const http::ResponseHead& head, bool end) {
  constexpr int kSwitchingProtocols = 101;
  constexpr int kFirstFinal = 200;
  http::ResponseHead& out = owner_.answer_;
  out.clear();
  owner_.scratch_.clear();
  out.status = head.status;
  out.reason = head.reason;
  http::RequestRules rules;
  rules.target_port = port_;
  http::forward_response_fields(head, client_.of_answer(), rules, owner_.scratch_, out.fields);
  if (!responder_->send_head(out, end)) return failed(kBadAnswer);
  if (head.status < kFirstFinal && head.status != kSwitchingProtocols) return;
  answer_begun_ = true;
  upgraded_ = head.status == kSwitchingProtocols;
  if (upgraded_) request_ended_ = false;  // opaque bytes follow both ways
  if (end) answer_ended();
}

void LocalExchange::answer_data(MutableBytes payload, bool end) {
  if (responder_ == nullptr) return;
  responder_->send_data(payload, end);
  if (end) answer_ended();
}

void LocalExchange::answer_trailers(const http::Fields& trailers) {
  if (responder_ == nullptr) return;
  responder_->send_trailers(trailers);
  answer_ended();
}

void LocalExchange::answer_ended() {
  answer_ended_ = true;
  if (!upgraded_ || request_ended_) responder_ = nullptr;
}

void LocalExchange::failed(const Error& error) {
  log_debug("local_exchange_failed", {{"port", port_}, {"error", describe(error)}});
  if (error.side != Side::kClient) owner_.parts_.on_failed(port_, error);
  exchange_.reset();
  server::Responder* responder = std::exchange(responder_, nullptr);
  if (responder != nullptr && answer_begun_) responder->abort();
  if (responder != nullptr && !answer_begun_) send_error(*responder, error);
  settle();
}

void LocalExchange::complete() {
  exchange_.reset();
  settle();
}

// Free for the next request once neither side can call any more.
void LocalExchange::settle() {
  if (responder_ == nullptr && exchange_ == nullptr) owner_.give_back(*this);
}

}  // namespace ingress::agent
