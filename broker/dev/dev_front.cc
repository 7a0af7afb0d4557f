#include "broker/dev/dev_front.h"

#include <utility>

#include "common/http/forward_rules.h"

namespace ingress::broker::dev {
namespace {

// Ours alone: nothing may load from elsewhere, and no script but the page's own.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void answer_whole(server::Responder& responder, int status, std::string_view type, const std::string& body,
                  bool head_only, std::string_view cookie = {}) {
  const std::string length = std::to_string(body.size());
  http::ResponseHead head;
  head.status = status;
  head.reason = status == 200 ? "OK" : "Bad Gateway";
  head.fields = {{"Content-Type", type},
                 {"Content-Length", length},
                 {"Cache-Control", "no-store"},
                 {"Content-Security-Policy", kPagePolicy},
                 {"X-Content-Type-Options", "nosniff"},
                 {"X-Ingress-Landing", "1"},
                 {"Vary", "Accept"}};
  if (!cookie.empty()) head.fields.push_back({"Set-Cookie", cookie});
  responder.send_head(head, head_only);
  if (head_only) return;
  std::string text(kHeadroomBytes, ' ');
  text += body;
  responder.send_data({reinterpret_cast<uint8_t*>(text.data()) + kHeadroomBytes, body.size()}, true);
}

bool wants_html(const http::RequestHead& head) {
  const http::Field* const accept = http::find_field(head.fields, "Accept");
  return accept != nullptr && accept->value.find("text/html") != std::string_view::npos;
}

}  // namespace

// An exchange whose answer has a cookie with it: stands between the client and the forwarder until it is over.
class DevFront::Keeping final : public server::Responder, public server::RequestHandler {
 public:
  Keeping(DevFront& owner, server::Responder& client, std::string cookie)
      : owner_(owner), client_(client), cookie_(std::move(cookie)) {}

  void set_handler(server::RequestHandler* handler) { handler_ = handler; }

  // Responder
  bool send_head(const http::ResponseHead& head, bool end) override {
    if (head.status < 200) return client_.send_head(head, end);
    http::ResponseHead with_cookie = head;
    // A host that leads nowhere is not kept: the page at the bare host would stay away with it.
    const bool nowhere = head.status < 500 && http::find_field(head.fields, "X-Iterate-Error") != nullptr;
    if (!nowhere) with_cookie.fields.push_back({"Set-Cookie", cookie_});
    const bool sent = client_.send_head(with_cookie, end);
    if (sent && end) finish();
    return sent;
  }
  void send_data(MutableBytes payload, bool end) override {
    client_.send_data(payload, end);
    if (end) finish();
  }
  void send_trailers(const http::Fields& trailers) override {
    client_.send_trailers(trailers);
    finish();
  }
  bool congested() const override { return client_.congested(); }
  bool answer_waits() const override { return client_.answer_waits(); }
  void resume_body() override { client_.resume_body(); }
  void abort() override {
    client_.abort();
    finish();
  }
  bool reset(uint8_t http2_code) override {
    const bool done = client_.reset(http2_code);
    if (done) finish();
    return done;
  }
  void close_after_answer() override { client_.close_after_answer(); }
  void drop_rest_of_request() override { client_.drop_rest_of_request(); }
  uint64_t body_bytes_sent() const override { return client_.body_bytes_sent(); }
  bool client_took(transport::PeerProgress& seen) const override { return client_.client_took(seen); }

  // RequestHandler
  void on_body(MutableBytes payload, bool end) override { handler_->on_body(payload, end); }
  void on_trailers(const http::Fields& trailers) override { handler_->on_trailers(trailers); }
  size_t allowance() override { return handler_->allowance(); }
  void on_drained() override { handler_->on_drained(); }
  bool holds_up() const override { return handler_->holds_up(); }
  bool on_silent(const Error& error) override { return handler_->on_silent(error); }
  void on_aborted(const Error& error) override {
    handler_->on_aborted(error);
    finish();
  }

 private:
  void finish() {
    if (std::exchange(over_, true)) return;
    owner_.drop(*this);
  }

  DevFront& owner_;
  server::Responder& client_;
  std::string cookie_;
  server::RequestHandler* handler_ = nullptr;
  bool over_ = false;
};

DevFront::DevFront(uv::Loop& loop, const HostChoiceRules& rules, const Landing& landing, server::RequestAcceptor& next)
    : loop_(loop), rules_(rules), landing_(landing), next_(next) {}

DevFront::~DevFront() = default;

// It may be in a call of its own: its memory goes at the end of the iteration.
void DevFront::drop(Keeping& exchange) {
  loop_.defer([this, key = &exchange] { keeping_.erase(key); });
}

void DevFront::rewrite(const http::RequestHead& head, std::string_view target, const std::string& host) {
  head_.clear();
  head_.method = head.method;
  head_.target = target;
  head_.minor_version = head.minor_version;
  host_ = host;
  cookies_.clear();
  bool has_host = false;
  for (const http::Field& field : head.fields) {
    if (http::iequals(field.name, kHostField)) continue;
    if (http::iequals(field.name, "Host")) {
      if (!std::exchange(has_host, true)) head_.fields.push_back({field.name, host_});
      continue;
    }
    if (http::iequals(field.name, "Cookie") && field.value.find(kHostCookie) != std::string_view::npos) {
      cookies_.push_back(without_host_cookie(field.value));
      if (!cookies_.back().empty()) head_.fields.push_back({field.name, cookies_.back()});
      continue;
    }
    head_.fields.push_back(field);
  }
  if (!has_host && !host_.empty()) head_.fields.push_back({"Host", host_});
}

server::RequestHandler* DevFront::on_request(server::Responder& responder, const http::RequestHead& head,
                                             const server::RequestInfo& info) {
  const Result<http::RequestTarget> target = http::request_target(head);
  if (!target) return next_.on_request(responder, head, info);
  const HostChoice choice = choose_host(rules_, target->host, target->target, head);
  const bool chosen = !choice.host.empty();
  const std::string host = chosen ? with_port_of(target->host, choice.host) : std::string(target->host);
  const bool reads = (head.method == "GET" || head.method == "HEAD") && info.end && !info.extended_connect();
  const std::string origin = network_origin(target->host, info.tls);
  if (reads && !chosen && is_bare_host(host)) {
    const bool html = wants_html(head);
    const std::string forgotten = choice.forget ? std::string(kHostCookie) + "=; Path=/; Max-Age=0" : "";
    answer_whole(responder, 200, html ? "text/html; charset=utf-8" : "application/json",
                 html ? landing_.page(origin) : landing_.json(origin), head.method == "HEAD", forgotten);
    return nullptr;
  }
  if (reads && wants_html(head) && landing_.stands_for(host)) {
    answer_whole(responder, 502, "text/html; charset=utf-8", landing_.page(origin), head.method == "HEAD");
    return nullptr;
  }
  rewrite(head, target->target, host);
  server::RequestInfo told = info;
  // What the client calls this site is what redirects lead to, where its next request chooses the host again.
  if (chosen && choice.lasts && told.public_host.empty()) told.public_host = target->host;
  if (!choice.keep || !chosen || info.upgrade) return next_.on_request(responder, head_, told);
  auto kept = std::make_unique<Keeping>(
      *this, responder,
      std::string(kHostCookie) + "=" + choice.host + "; Path=/; HttpOnly; SameSite=Lax" + (info.tls ? "; Secure" : ""));
  Keeping* const exchange = kept.get();
  keeping_[exchange] = std::move(kept);
  server::RequestHandler* const handler = next_.on_request(*exchange, head_, told);
  exchange->set_handler(handler);
  return handler == nullptr ? nullptr : exchange;
}

http::ErrorAnswer DevFront::on_unreadable(const Error& error, const server::UnreadableRequest& request) {
  return next_.on_unreadable(error, request);
}

}  // namespace ingress::broker::dev
