#include "broker/wake/wake_call.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"

namespace ingress::broker {
namespace {

constexpr int kFirstFinal = 200;

}  // namespace

WakeCall::WakeCall(const Ways& ways, http::WebUrl url, WakeMessage message, const tls::ClientContext* tls,
                   OnDone on_done)
    : ways_(ways),
      url_(std::move(url)),
      message_(std::move(message)),
      tls_(tls),
      on_done_(std::move(on_done)),
      deadline_(ways.loop.deadlines(), *this),
      started_(ways.loop.now()) {}

WakeCall::~WakeCall() = default;

void WakeCall::start(const origin::TargetRule& rule) {
  deadline_.arm(started_ + kTimeout);
  resolving_ = uv::Resolving::resolve(
      ways_.loop, url_.host, url_.port,
      [this, rule](const Result<std::vector<uv::Address>>& addresses) { resolved(addresses, rule); });
}

void WakeCall::resolved(const Result<std::vector<uv::Address>>& addresses, const origin::TargetRule& rule) {
  if (!addresses) return done("its host has no address");
  std::vector<uv::Address> allowed;
  std::copy_if(addresses->begin(), addresses->end(), std::back_inserter(allowed),
               [this, &rule](const uv::Address& address) { return rule.allows(url_.host, address.ip); });
  if (allowed.empty()) return done("its address is not public, and no --allow-url-target allows it");
  send(std::move(allowed));
}

void WakeCall::send(std::vector<uv::Address> addresses) {
  origin::Target target;
  target.addresses = std::move(addresses);
  target.host = url_.host;
  target.port = url_.port;
  target.tls = tls_;
  target.key = (url_.tls ? "https://" : "http://") + url_.host + ":" + std::to_string(url_.port);
  const std::string length = std::to_string(message_.body.size());
  const http::Fields fields = {{"Host", url_.authority},
                               {"User-Agent", "ingress-broker"},
                               {"Content-Type", "application/json"},
                               {"Content-Length", length},
                               {"X-Iterate-Timestamp", message_.timestamp},
                               {"X-Iterate-Signature", message_.signature}};
  origin::Request request;
  request.method = "POST";
  request.target = url_.target;
  request.fields = &fields;
  origin::Timeouts timeouts;
  timeouts.connect = timeouts.idle = kTimeout;
  exchange_ = ways_.pool.start(target, request, timeouts, *this);
  exchange_->send_data({reinterpret_cast<uint8_t*>(message_.body.data()), message_.body.size()}, true);
}

void WakeCall::on_head(const http::ResponseHead& head, bool) {
  if (head.status >= kFirstFinal) status_ = head.status;
}

void WakeCall::on_data(MutableBytes payload, bool) {
  body_bytes_ += payload.size();
  if (body_bytes_ > kMostBodyBytes) done({});
}

void WakeCall::on_complete() { done({}); }

void WakeCall::on_failed(const Error& error) { done(describe(error)); }

void WakeCall::on_deadline(Deadline&) { done("no answer within 10 s"); }

// What came after the head is of no interest, nor is how it ended.
void WakeCall::done(std::string problem) {
  deadline_.cancel();
  resolving_.reset();
  exchange_.reset();
  WakeOutcome outcome;
  outcome.status = status_;
  if (status_ == 0) outcome.problem = std::move(problem);
  const OnDone on_done = std::exchange(on_done_, nullptr);
  on_done(*this, outcome);
}

}  // namespace ingress::broker
