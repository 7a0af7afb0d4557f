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
  std::string server = request.url.host + ":" + std::to_string(request.url.port);
  if (const char* const problem = obstacle(request, server)) {
    refuse(id, problem, std::move(on_done));
    return id;
  }
  const tls::ClientContext* const context = request.url.tls ? tls() : nullptr;
  auto call = std::make_unique<WebCall>(
      WebCall::Ways{loop_, pool_}, std::move(request), context,
      [this, id, on_done = std::move(on_done)](WebCall&, WebAnswer answer) { over(id, std::move(answer), on_done); });
  WebCall& started = *call;
  ++all_under_way_;
  ++under_way_[server];
  calls_.emplace(id, Begun{std::move(call), std::move(server)});
  started.start(rule);
  return id;
}

const char* WebCaller::obstacle(const WebRequest& request, const std::string& server) {
  if (all_under_way_ >= kMostCalls) return "too many calls are under way";
  const auto found = under_way_.find(server);
  if (found != under_way_.end() && found->second >= kMostOfOne) return "too many calls of this server are under way";
  if (request.url.tls && tls() == nullptr) return "the system's CA certificates cannot be read";
  return nullptr;
}

void WebCaller::refuse(uint64_t id, std::string problem, OnDone on_done) {
  calls_.emplace(id, Begun{});
  loop_.defer(
      [this, id, problem = std::move(problem), on_done = std::move(on_done), watch = std::weak_ptr<bool>(alive_)] {
        if (watch.expired() || calls_.erase(id) == 0) return;
        WebAnswer answer;
        answer.problem = problem;
        on_done(std::move(answer));
      });
}

std::unique_ptr<WebCall> WebCaller::take(uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return nullptr;
  Begun begun = std::move(found->second);
  calls_.erase(found);
  if (begun.call == nullptr) return nullptr;
  --all_under_way_;
  const auto count = under_way_.find(begun.server);
  if (--count->second == 0) under_way_.erase(count);
  return std::move(begun.call);
}

void WebCaller::over(uint64_t id, WebAnswer answer, const OnDone& on_done) {
  // The call, and with it the function that it was given, lives until the end of this iteration.
  std::unique_ptr<WebCall> ended = take(id);
  if (ended == nullptr) return;
  const OnDone told = on_done;
  loop_.bury(std::move(ended));
  told(std::move(answer));
}

void WebCaller::cancel(uint64_t call) {
  std::unique_ptr<WebCall> ended = take(call);
  if (ended == nullptr) return;
  ended->stop();
  loop_.bury(std::move(ended));
}

const tls::ClientContext* WebCaller::tls() {
  if (tls_ != nullptr) return tls_.get();
  auto made = tls::ClientContext::create("", {"http/1.1"}, tls::LeastVersion::kTls12);
  if (made) tls_ = std::move(*made);
  return tls_.get();
}

}  // namespace ingress::broker
