#include "broker/admin/admin_acceptor.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "broker/admin/access_tokens.h"
#include "broker/admin/api.h"
#include "broker/admission/credentials.h"
#include "broker/model/expiry.h"
#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

constexpr std::string_view kAuthorization = "Authorization";
constexpr std::string_view kIfMatch = "If-Match";
constexpr std::string_view kSessionPath = "/v1/session";

bool is_page(std::string_view path) { return path == "/" || path.starts_with("/dashboard/"); }

// What is there for who shows nothing. A login is a POST.
bool open_to_all(std::string_view method, std::string_view path) {
  return path == "/health" || path == "/ready" || path == "/openapi.json" || path == "/docs" || is_page(path) ||
         (path == kSessionPath && method == "POST");
}

bool only_reads(std::string_view method) { return method == "GET" || method == "HEAD"; }

bool announces_too_much(const http::RequestHead& head) {
  const http::Field* length = http::find_field(head.fields, "Content-Length");
  if (length == nullptr) return false;
  uint64_t bytes = 0;
  std::from_chars(length->value.data(), length->value.data() + length->value.size(), bytes);
  return bytes > kMaxBodyBytes;
}

bool is_said_twice(const http::Fields& fields, std::string_view name) {
  return std::count_if(fields.begin(), fields.end(),
                       [name](const http::Field& field) { return http::iequals(field.name, name); }) > 1;
}

// The lines of a list as one (RFC 9110, 5.3); "" where there is none.
std::string list_of(const http::Fields& fields, std::string_view name) {
  std::string list;
  bool first = true;
  for (const http::Field& field : fields) {
    if (!http::iequals(field.name, name)) continue;
    list.append(std::exchange(first, false) ? "" : ", ").append(field.value);
  }
  return list;
}

// An If-Match that says nothing is no leave to write whatever is there.
bool has_empty_if_match(const http::RequestHead& head) {
  const bool said = http::find_field(head.fields, kIfMatch) != nullptr;
  return said && !only_reads(head.method) && list_of(head.fields, kIfMatch).empty();
}

std::string text_of(const http::Field* field) { return field == nullptr ? std::string() : std::string(field->value); }

}  // namespace

// A digest of the secret, so that its length does not show either. Of two fields neither is the one.
ShownToken AdminAcceptor::token_in(const http::RequestHead& head, std::string_view name) {
  constexpr std::string_view kScheme = "Bearer ";
  const http::Field* field = http::find_field(head.fields, name);
  if (field == nullptr || is_said_twice(head.fields, name)) return {};
  if (!http::iequals(field->value.substr(0, kScheme.size()), kScheme)) return {};
  const std::string_view secret = field->value.substr(kScheme.size());
  return {std::string(access_token_id(secret)), tls::sha256_hex(secret)};
}

Credentials AdminAcceptor::credentials_of(const http::RequestHead& head) const {
  if (http::find_field(head.fields, kAuthorization) != nullptr) return {token_in(head, kAuthorization), {}};
  if (trust_.sessions == nullptr) return {};
  const int64_t now = unix_seconds();
  const std::string id = trust_.sessions->find(cookie_of(head.fields, kSessionCookie),
                                               text_of(http::find_field(head.fields, kSessionKeyField)), now);
  const Session* session = trust_.sessions->at(id, now);
  return session == nullptr ? Credentials() : Credentials{session->by, id};
}

std::optional<Identity> AdminAcceptor::identify(const Credentials& by) const {
  if (trust_.by_file_mode) return Identity{Role{}, "unix"};
  const ShownToken& shown = by.token;
  if (shown.digest.empty()) return std::nullopt;
  const int64_t now = unix_seconds();
  if (!by.session.empty() && (trust_.sessions == nullptr || trust_.sessions->at(by.session, now) == nullptr)) {
    return std::nullopt;
  }
  if (!trust_.token.empty() && tls::equal_constant_time(shown.digest, tls::sha256_hex(trust_.token))) {
    return Identity{Role{}, "admin-token"};
  }
  const AccessToken* token = trust_.tokens == nullptr ? nullptr : trust_.tokens->read().access_token(shown.id);
  if (token == nullptr || !tls::equal_constant_time(shown.digest, token->sha256)) return std::nullopt;
  if (is_over(token->expires_at, now)) return std::nullopt;
  const std::optional<Role> role = parse_role(token->role);
  if (!role) return std::nullopt;
  return Identity{*role, token->id};
}

// A browser sends its session's cookie, and all that a Unix socket lets in, whoever wrote the page that asks. A bearer
// token is in nobody's hands but its owner's.
std::optional<Answer> AdminAcceptor::refuse_browser(const http::RequestHead& head, std::string_view path,
                                                    const Credentials& by) const {
  const bool by_session = !by.session.empty();
  const bool logs_in = path == kSessionPath && by.token.digest.empty();
  if (!trust_.by_file_mode && !by_session && !logs_in && !is_page(path)) return std::nullopt;
  const std::string host = text_of(http::find_field(head.fields, "Host"));
  if (trust_.hosts != nullptr && !trust_.hosts->has(host, trust_.by_file_mode)) {
    return problem(421, "misdirected_request", "\"" + host + "\" is not a name of the admin (--admin-host adds one)");
  }
  // A link to the page may be followed from anywhere.
  if (is_page(path)) return std::nullopt;
  if (!from_elsewhere(head.fields, by_session && !only_reads(head.method))) return std::nullopt;
  return problem(403, "cross_site", "another site's page had this request made");
}

std::string AdminAcceptor::why_unknown(const http::RequestHead& head) const {
  if (is_said_twice(head.fields, kAuthorization)) return "the request has two \"Authorization\" fields: send one";
  const std::string key = text_of(http::find_field(head.fields, kSessionKeyField));
  const bool by_session = http::find_field(head.fields, kAuthorization) == nullptr && !key.empty();
  if (!by_session || trust_.sessions == nullptr) return "the admin API over TCP needs \"Authorization: Bearer TOKEN\"";
  return trust_.sessions->is_of_another(key)
             ? "the session has ended: the broker was restarted, and keeps none; log in again"
             : "the session has ended: its time is over, or its token was revoked; log in again";
}

std::optional<Answer> AdminAcceptor::refusal(const http::RequestHead& head, const std::optional<Target>& target,
                                             const Credentials& by, const std::optional<Identity>& who) const {
  const std::string_view path = target ? std::string_view(target->path) : std::string_view();
  if (std::optional<Answer> refused = refuse_browser(head, path, by)) return refused;
  if (!open_to_all(head.method, path) && !who) return unauthorized(why_unknown(head));
  if (!target) return problem(400, "bad_request", "the request's target is not a path");
  if (who && who->role.kind == RoleKind::kRead && !only_reads(head.method) && path != kSessionPath) {
    return problem(403, "forbidden", "this token only reads");
  }
  if (who && who->role.kind == RoleKind::kTcp && !(only_reads(head.method) && open_to_all(head.method, path))) {
    return problem(403, "forbidden", "this token is for CONNECT alone");
  }
  if (has_empty_if_match(head)) return problem(400, "invalid_argument", "\"If-Match\" names no tag");
  if (announces_too_much(head)) return problem(413, "body_too_large", "a request's body may have 1 MiB");
  return std::nullopt;
}

// Who asks a proxy says who it is to the proxy; "Authorization" is taken, too. No browser's session is.
server::RequestHandler* AdminAcceptor::connect(server::Responder& responder, const http::RequestHead& head) {
  ShownToken shown = token_in(head, "Proxy-Authorization");
  if (shown.digest.empty()) shown = token_in(head, kAuthorization);
  const std::optional<Identity> who = identify({shown, {}});
  if (who && tcp_ != nullptr) {
    const bool by_token = !trust_.by_file_mode && who->actor == shown.id;
    return tcp_->connect(responder, head.target, {who->role, who->actor, by_token});
  }
  Answer answer = who ? problem(405, "method_not_allowed", "CONNECT is not served here")
                      : problem(407, "unauthorized", "CONNECT needs \"Proxy-Authorization: Bearer TOKEN\"");
  if (!who) answer.fields.emplace_back("Proxy-Authenticate", "Bearer");
  responder.close_after_answer();
  send(responder, answer);
  return nullptr;
}

server::RequestHandler* AdminAcceptor::on_request(server::Responder& responder, const http::RequestHead& head,
                                                  const server::RequestInfo& info) {
  if (head.method == "CONNECT") return connect(responder, head);
  std::optional<Target> target = parse_target(head.target);
  Credentials by = credentials_of(head);
  const std::optional<Identity> who = identify(by);
  if (const std::optional<Answer> refused = refusal(head, target, by, who)) {
    send(responder, *refused);
    return nullptr;
  }
  auto request = std::make_shared<Request>();
  request->method = head.method;
  request->target = std::move(*target);
  if (who) {
    request->actor = who->actor;
    request->role = who->role;
  }
  request->session = by.session;
  request->if_match = list_of(head.fields, kIfMatch);
  request->if_none_match = list_of(head.fields, "If-None-Match");
  request->takes_gzip = http::has_token(head.fields, "Accept-Encoding", "gzip");
  request->last_event_id = text_of(http::find_field(head.fields, "Last-Event-ID"));
  request->wants_events = http::has_token(head.fields, "Accept", kEventStreamType);
  const auto exchange = std::make_shared<AdminExchange>(
      router_, responder, std::move(request), [this, by = std::move(by), who] { return identify(by) == who; },
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

void AdminAcceptor::end_unwelcome() {
  std::vector<std::shared_ptr<AdminExchange>> unwelcome;
  for (const auto& [key, exchange] : running_) {
    if (!exchange->is_welcome()) unwelcome.push_back(exchange);
  }
  for (const std::shared_ptr<AdminExchange>& exchange : unwelcome) exchange->turn_away();
}

http::ErrorAnswer AdminAcceptor::on_unreadable(const Error& error, const server::UnreadableRequest&) {
  const Answer answer = problem(status_of(error), name_of(public_error(error).code), error.context);
  http::ErrorAnswer shown;
  shown.status = answer.status;
  shown.content_type = kProblemType;
  shown.body = answer.body;
  return shown;
}

}  // namespace ingress::broker::admin
