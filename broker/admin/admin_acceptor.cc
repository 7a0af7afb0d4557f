#include "broker/admin/admin_acceptor.h"

#include <charconv>
#include <cstdint>
#include <vector>

#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

bool open_to_all(std::string_view path) { return path == "/health" || path == "/ready"; }

bool announces_too_much(const http::RequestHead& head) {
  const http::Field* length = http::find_field(head.fields, "Content-Length");
  if (length == nullptr) return false;
  uint64_t bytes = 0;
  std::from_chars(length->value.data(), length->value.data() + length->value.size(), bytes);
  return bytes > kMaxBodyBytes;
}

std::string text_of(const http::Field* field) { return field == nullptr ? std::string() : std::string(field->value); }

}  // namespace

bool AdminAcceptor::trusted(const http::RequestHead& head) const {
  if (trust_.by_file_mode) return true;
  constexpr std::string_view kScheme = "Bearer ";
  const http::Field* field = http::find_field(head.fields, "Authorization");
  if (field == nullptr || trust_.token.empty() || !http::iequals(field->value.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  // Digests, so that the length does not show either.
  return tls::equal_constant_time(tls::sha256_hex(field->value.substr(kScheme.size())), tls::sha256_hex(trust_.token));
}

std::optional<Answer> AdminAcceptor::refusal(const http::RequestHead& head, const std::optional<Target>& target) const {
  if (!(target && open_to_all(target->path)) && !trusted(head)) {
    Answer answer = problem(401, "unauthorized", "the admin API over TCP needs \"Authorization: Bearer TOKEN\"");
    answer.fields.emplace_back("WWW-Authenticate", "Bearer");
    return answer;
  }
  if (!target) return problem(400, "bad_request", "the request's target is not a path");
  if (announces_too_much(head)) return problem(413, "body_too_large", "a request's body may have 1 MiB");
  return std::nullopt;
}

server::RequestHandler* AdminAcceptor::on_request(server::Responder& responder, const http::RequestHead& head,
                                                  const server::RequestInfo& info) {
  std::optional<Target> target = parse_target(head.target);
  if (const std::optional<Answer> refused = refusal(head, target)) {
    send(responder, *refused);
    return nullptr;
  }
  auto request = std::make_shared<Request>();
  request->method = head.method;
  request->target = std::move(*target);
  request->actor = trust_.by_file_mode ? "unix" : "admin-token";
  request->if_match = text_of(http::find_field(head.fields, "If-Match"));
  request->last_event_id = text_of(http::find_field(head.fields, "Last-Event-ID"));
  request->wants_events = http::has_token(head.fields, "Accept", kEventStreamType);
  const auto exchange = std::make_shared<AdminExchange>(router_, responder, std::move(request),
                                                        [this](AdminExchange* over) { running_.erase(over); });
  running_.emplace(exchange.get(), exchange);
  if (info.end) {
    exchange->dispatch();
  } else if (http::has_token(head.fields, "Expect", "100-continue")) {
    http::ResponseHead go_on;
    go_on.status = 100;
    go_on.reason = "Continue";
    responder.send_head(go_on, false);
  }
  return exchange->over() ? nullptr : exchange.get();
}

void AdminAcceptor::end_streams() {
  std::vector<std::shared_ptr<AdminExchange>> all;
  all.reserve(running_.size());
  for (const auto& [key, exchange] : running_) all.push_back(exchange);
  for (const std::shared_ptr<AdminExchange>& exchange : all) exchange->end_stream();
}

http::ErrorAnswer AdminAcceptor::on_unreadable(const Error& error, std::string_view) {
  const Answer answer = problem(status_of(error), name_of(public_error(error).code), error.context);
  http::ErrorAnswer shown;
  shown.status = answer.status;
  shown.content_type = kProblemType;
  shown.body = answer.body;
  return shown;
}

}  // namespace ingress::broker::admin
