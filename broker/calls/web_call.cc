#include "broker/calls/web_call.h"

#include <algorithm>

#include "common/base/log.h"

namespace ingress::broker {
namespace {

constexpr int kFirstFinal = 200;

}  // namespace

WebCall::WebCall(const Ways& ways, WebRequest request, const tls::ClientContext* tls, OnDone on_done)
    : ways_(ways),
      request_(std::move(request)),
      tls_(tls),
      on_done_(std::move(on_done)),
      deadline_(ways.loop.deadlines(), *this) {}

WebCall::~WebCall() = default;

void WebCall::start(const origin::TargetRule& rule) {
  deadline_.arm(ways_.loop.now() + kTimeout);
  resolving_ = uv::Resolving::resolve(
      ways_.loop, request_.url.host, request_.url.port,
      [this, rule](const Result<std::vector<uv::Address>>& addresses) { resolved(addresses, rule); });
}

void WebCall::stop() {
  on_done_ = nullptr;
  deadline_.cancel();
  resolving_.reset();
  exchange_.reset();
}

void WebCall::resolved(const Result<std::vector<uv::Address>>& addresses, const origin::TargetRule& rule) {
  if (!addresses) return done("its host has no address");
  std::vector<uv::Address> allowed;
  std::copy_if(addresses->begin(), addresses->end(), std::back_inserter(allowed),
               [this, &rule](const uv::Address& address) { return rule.allows(request_.url.host, address.ip); });
  if (allowed.empty()) return done("its address is not public, and no --allow-url-target allows it");
  send(std::move(allowed));
}

void WebCall::send(std::vector<uv::Address> addresses) {
  const http::WebUrl& url = request_.url;
  origin::Target target;
  target.addresses = std::move(addresses);
  target.host = url.host;
  target.port = url.port;
  target.tls = tls_;
  target.key = (url.tls ? "https://" : "http://") + url.host + ":" + std::to_string(url.port);
  const std::string length = std::to_string(request_.body.size());
  http::Fields fields = {{"Host", url.authority}};
  for (const auto& [name, value] : request_.fields) fields.push_back({name, value});
  const bool has_body = !request_.body.empty();
  if (has_body) fields.push_back({"Content-Length", length});
  origin::Request request;
  request.method = request_.method;
  request.target = url.target;
  request.fields = &fields;
  request.end = !has_body;
  origin::Timeouts timeouts;
  timeouts.connect = timeouts.idle = kTimeout;
  exchange_ = ways_.pool.start(target, request, timeouts, *this);
  if (has_body) exchange_->send_data({reinterpret_cast<uint8_t*>(request_.body.data()), request_.body.size()}, true);
}

void WebCall::on_head(const http::ResponseHead& head, bool) {
  if (head.status < kFirstFinal) return;
  answer_.status = head.status;
  for (const http::Field& field : head.fields) answer_.fields.emplace_back(field.name, field.value);
  if (request_.most_body_bytes == 0) deadline_.arm(std::min(deadline_.at(), ways_.loop.now() + kUnwantedBody));
}

void WebCall::on_data(MutableBytes payload, bool) {
  if (request_.most_body_bytes == 0) return done({});
  answer_.body.append(reinterpret_cast<const char*>(payload.data()), payload.size());
  if (answer_.body.size() <= request_.most_body_bytes) return;
  answer_.status = 0;
  answer_.body.clear();
  done("its answer is too long");
}

void WebCall::on_complete() { done({}); }

void WebCall::on_failed(const Error& error) {
  // A body that was not wanted may end as it likes.
  if (request_.most_body_bytes > 0) answer_.status = 0;
  done(describe(error));
}

void WebCall::on_deadline(Deadline&) {
  if (request_.most_body_bytes > 0) answer_.status = 0;
  done("no answer within 10 s");
}

void WebCall::done(std::string problem) {
  const OnDone on_done = std::exchange(on_done_, nullptr);
  stop();
  if (on_done == nullptr) return;
  if (answer_.status == 0) answer_.problem = std::move(problem);
  on_done(*this, std::move(answer_));
}

}  // namespace ingress::broker
