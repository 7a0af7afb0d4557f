#include "broker/client/redirect.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "broker/routing/host_name.h"
#include "common/base/read_file.h"
#include "common/http/forward_rules.h"

namespace ingress::broker {
namespace {

constexpr std::string_view kChallengePath = "/.well-known/acme-challenge/";
constexpr size_t kMostChallengeBytes = 8192;

bool is_token(std::string_view name) {
  return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

void answer_text(server::Responder& responder, int status, const std::string& body, const http::Field* extra) {
  const std::string length = std::to_string(body.size());
  http::ResponseHead head;
  head.status = status;
  head.reason = status == 200 ? "OK" : status == 308 ? "Permanent Redirect" : "Moved Permanently";
  head.fields = {{"Content-Type", "text/plain; charset=utf-8"}, {"Content-Length", length}};
  if (extra != nullptr) head.fields.push_back(*extra);
  responder.send_head(head, body.empty());
  if (body.empty()) return;
  std::string text(kHeadroomBytes, ' ');
  text += body;
  responder.send_data({reinterpret_cast<uint8_t*>(text.data()) + kHeadroomBytes, body.size()}, true);
}

// RFC 8555, 8.3. False where the target is no challenge that lies in the folder.
bool serve_challenge(server::Responder& responder, const std::string& webroot, std::string_view target,
                     const server::RequestInfo& info) {
  if (webroot.empty() || info.extended_connect() || !target.starts_with(kChallengePath)) return false;
  const std::string_view token = target.substr(kChallengePath.size());
  if (!is_token(token)) return false;
  const Result<std::string> body =
      read_regular_file(webroot + std::string(kChallengePath) + std::string(token), kMostChallengeBytes);
  if (!body) return false;
  if (!info.end) responder.drop_rest_of_request();
  answer_text(responder, 200, *body, nullptr);
  return true;
}

}  // namespace

Redirect::Redirect(std::string acme_webroot, int https_port, server::RequestAcceptor& served)
    : acme_webroot_(std::move(acme_webroot)), https_port_(https_port), served_(served) {}

server::RequestHandler* Redirect::on_request(server::Responder& responder, const http::RequestHead& head,
                                             const server::RequestInfo& info) {
  if (serve_challenge(responder, acme_webroot_, head.target, info)) return nullptr;
  if (info.tls) return served_.on_request(responder, head, info);
  if (!info.end) responder.drop_rest_of_request();
  answer_redirect(responder, head);
  return nullptr;
}

void Redirect::answer_redirect(server::Responder& responder, const http::RequestHead& head) const {
  const Result<http::RequestTarget> target = http::request_target(head);
  HostName host;
  Status status = target ? Status{} : tl::unexpected(target.error());
  if (status) status = host.assign(target->host);
  if (!status) {
    responder.close_after_answer();
    server::send_answer(responder, http::error_answer(status.error(), {}, {}), status.error());
    return;
  }
  std::string location = "https://" + std::string(host.text());
  if (https_port_ != 443) location += ":" + std::to_string(https_port_);
  location += target->target == "*" ? "/" : target->target;
  const http::Field field{"Location", location};
  // 308 keeps the method of what is not a plain fetch (RFC 9110, 15.4.9).
  const bool plain = head.method == "GET" || head.method == "HEAD";
  answer_text(responder, plain ? 301 : 308, "This is served over https: " + location + "\n", &field);
}

http::ErrorAnswer Redirect::on_unreadable(const Error& error, const server::UnreadableRequest&) {
  http::ErrorDetails details;
  details.reason = error.context;
  return http::error_answer(error, details, {});
}

ChallengesThen::ChallengesThen(std::string acme_webroot, server::RequestAcceptor& next)
    : acme_webroot_(std::move(acme_webroot)), next_(next) {}

server::RequestHandler* ChallengesThen::on_request(server::Responder& responder, const http::RequestHead& head,
                                                   const server::RequestInfo& info) {
  if (serve_challenge(responder, acme_webroot_, head.target, info)) return nullptr;
  return next_.on_request(responder, head, info);
}

http::ErrorAnswer ChallengesThen::on_unreadable(const Error& error, const server::UnreadableRequest& request) {
  return next_.on_unreadable(error, request);
}

}  // namespace ingress::broker
