#include "agent/local/local_requests.h"

#include <cassert>
#include <string>
#include <utility>

#include "agent/local/local_exchange.h"
#include "agent/local/self_page.h"
#include "common/base/log.h"

namespace ingress::agent {
namespace {

// What guards the port on the public way is not known here, so nothing that it guards goes this way (decision 0011).
constexpr Error kNotPublic{ErrorCode::kForbidden, Side::kClient, false, 0, "the port's policy is not public"};

http::ErrorAnswer error_body(const Error& error) {
  http::ErrorAnswer answer;
  answer.status = status_of(error);
  answer.content_type = "application/json";
  answer.body = "{\"error\":\"" + std::string(name_of(public_error(error).code)) + "\"}";
  return answer;
}

constexpr std::string_view kPlain = "text/plain";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kJson = "application/json";

struct Kind {
  int status;
  std::string_view reason;
  std::string_view type;
};

void send_text(server::Responder& responder, const Kind& kind, std::string_view text) {
  const std::string length = std::to_string(text.size());
  http::ResponseHead head;
  head.status = kind.status;
  head.reason = kind.reason;
  head.fields = {{"Content-Type", kind.type}, {"Content-Length", length}, {"Cache-Control", "no-store"}};
  responder.send_head(head, false);
  std::string room(kHeadroomBytes, '\0');
  room += text;
  responder.send_data(MutableBytes(reinterpret_cast<uint8_t*>(room.data()), room.size()).subspan(kHeadroomBytes), true);
}

// Host and target. An HTTP/1.0 request may come without a Host: this port does not go by it.
Result<http::RequestTarget> host_and_target(const http::RequestHead& head) {
  const Result<http::RequestTarget> target = http::request_target(head);
  const bool without_host = !target && head.minor_version == 0 && target.error().code == ErrorCode::kInvalidHost &&
                            http::find_field(head.fields, "Host") == nullptr && head.target.starts_with('/');
  if (without_host) return http::RequestTarget{{}, head.target};
  return target;
}

}  // namespace

void send_error(server::Responder& responder, const Error& error) {
  server::send_answer(responder, error_body(error), error);
}

LocalRequests::LocalRequests(uv::Loop& loop, const LocalOptions& options, LocalParts parts)
    : loop_(loop), parts_(std::move(parts)), timeouts_(options.timeouts), admission_(options.secret, options.open) {}

LocalRequests::~LocalRequests() { assert(running_ == 0); }

server::RequestHandler* LocalRequests::on_request(server::Responder& responder, const http::RequestHead& head,
                                                  const server::RequestInfo& info) {
  const Result<http::RequestTarget> target = host_and_target(head);
  const Status welcome = target ? http::check_forwarded(head) : tl::unexpected(target.error());
  if (!welcome) {
    send_error(responder, welcome.error());
    return nullptr;
  }
  if (asks_for_self(head, info.client_ip)) {
    const bool json = wants_json(head);
    send_text(responder, {200, "OK", json ? kJson : kText}, parts_.self(json));
    return nullptr;
  }
  if (answer_own(responder, head, target->target)) return nullptr;
  AskedTarget asked;
  const Result<origin::Target> origin = target_of(head, info, asked);
  if (!origin) {
    log_debug("local_refused", {{"client", std::string(info.client_ip)}, {"error", describe(origin.error())}});
    send_error(responder, origin.error());
    return nullptr;
  }
  std::unique_ptr<LocalExchange> exchange;
  if (spare_.empty()) {
    exchange = std::make_unique<LocalExchange>(*this);
  } else {
    exchange = std::move(spare_.back());
    spare_.pop_back();
  }
  ++running_;
  // From here on it owns itself: give_back() takes it back.
  return exchange.release()->start(responder, head, info, *target, *origin, asked);
}

// GET /health and /ready, whatever else the head says: a provider's checks know neither header nor secret.
bool LocalRequests::answer_own(server::Responder& responder, const http::RequestHead& head,
                               std::string_view path) const {
  if (head.method != "GET" && head.method != "HEAD") return false;
  path = path.substr(0, path.find('?'));
  if (path == "/health") {
    send_text(responder, {200, "OK", kPlain}, "OK");
  } else if (path == "/ready" && parts_.ready()) {
    send_text(responder, {200, "OK", kPlain}, "OK");
  } else if (path == "/ready") {
    send_text(responder, {503, "Service Unavailable", kPlain}, "no tunnel is up");
  } else {
    return false;
  }
  return true;
}

Result<origin::Target> LocalRequests::target_of(const http::RequestHead& head, const server::RequestInfo& info,
                                                AskedTarget& asked) const {
  if (const Status admitted = admission_.check(head.fields, info.client_ip); !admitted) {
    return tl::unexpected(admitted.error());
  }
  const MachineConfig* const config = parts_.config();
  const Result<AskedTarget> read = asked_target(head.fields, config);
  if (!read) return tl::unexpected(read.error());
  asked = *read;
  Result<origin::Target> found =
      asked.host_port.empty() ? parts_.policy.target(asked.port) : parts_.policy.named(asked.host_port);
  if (!found) return found;
  const bool of_machine = !found->addresses.empty();
  asked.port = of_machine ? found->addresses.front().port : found->port;
  if (of_machine && config != nullptr && !config->is_public(asked.port)) return tl::unexpected(kNotPublic);
  return found;
}

http::ErrorAnswer LocalRequests::on_unreadable(const Error& error, const server::UnreadableRequest& request) {
  log_debug("local_unreadable", {{"client", std::string(request.client_ip)}, {"error", describe(error)}});
  return error_body(error);
}

void LocalRequests::give_back(LocalExchange& exchange) {
  --running_;
  std::unique_ptr<LocalExchange> own(&exchange);
  if (spare_.size() < kMostSpare) {
    spare_.push_back(std::move(own));
  } else {
    loop_.bury(std::move(own));
  }
}

}  // namespace ingress::agent
