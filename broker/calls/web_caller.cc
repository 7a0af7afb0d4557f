#include "broker/calls/web_caller.h"

#include <utility>

namespace ingress::broker {
namespace {

origin::PoolLimits pool_limits() {
  origin::PoolLimits limits;
  limits.idle_per_target = 32;
  limits.idle_limit = Duration(10000);
  return limits;
}

}  // namespace

WebCaller::WebCaller(uv::Loop& loop) : loop_(loop), pool_(loop, pool_limits()) {}

WebCaller::~WebCaller() = default;

uint64_t WebCaller::begin(WebRequest request, const origin::TargetRule& rule, OnDone on_done) {
  const uint64_t id = next_++;
  const bool secure = request.url.tls;
  const tls::ClientContext* const context = secure ? tls() : nullptr;
  if (calls_.size() >= kMostCalls) {
    refuse(id, "too many calls are under way", std::move(on_done));
  } else if (secure && context == nullptr) {
    refuse(id, "the system's CA certificates cannot be read", std::move(on_done));
  } else {
    auto call = std::make_unique<WebCall>(
        WebCall::Ways{loop_, pool_}, std::move(request), context,
        [this, id, on_done = std::move(on_done)](WebCall&, WebAnswer answer) { over(id, std::move(answer), on_done); });
    WebCall& started = *call;
    calls_.emplace(id, std::move(call));
    started.start(rule);
  }
  return id;
}

void WebCaller::refuse(uint64_t id, std::string problem, OnDone on_done) {
  calls_.emplace(id, nullptr);
  loop_.defer(
      [this, id, problem = std::move(problem), on_done = std::move(on_done), watch = std::weak_ptr<bool>(alive_)] {
        if (watch.expired() || calls_.erase(id) == 0) return;
        WebAnswer answer;
        answer.problem = problem;
        on_done(std::move(answer));
      });
}

void WebCaller::over(uint64_t id, WebAnswer answer, const OnDone& on_done) {
  // The call, and with it the function that it was given, lives until the end of this iteration.
  const auto found = calls_.find(id);
  std::unique_ptr<WebCall> ended = std::move(found->second);
  calls_.erase(found);
  const OnDone told = on_done;
  loop_.bury(std::move(ended));
  told(std::move(answer));
}

void WebCaller::cancel(uint64_t call) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  if (found->second != nullptr) loop_.bury(std::move(found->second));
  calls_.erase(found);
}

const tls::ClientContext* WebCaller::tls() {
  if (tls_ != nullptr) return tls_.get();
  auto made = tls::ClientContext::create("", {"http/1.1"}, tls::LeastVersion::kTls12);
  if (made) tls_ = std::move(*made);
  return tls_.get();
}

}  // namespace ingress::broker
