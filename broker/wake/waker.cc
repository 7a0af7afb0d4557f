#include "broker/wake/waker.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "common/base/log.h"

namespace ingress::broker {
namespace {

origin::PoolLimits pool_limits() {
  origin::PoolLimits limits;
  limits.idle_per_target = 8;
  limits.idle_limit = Duration(10000);
  return limits;
}

}  // namespace

Waker::Waker(uv::Loop& loop, WakeSettings settings, std::function<double()> random)
    : loop_(loop),
      settings_(std::move(settings)),
      random_(std::move(random)),
      deadline_(loop.deadlines(), *this),
      pool_(loop, pool_limits()) {}

Waker::~Waker() = default;

void Waker::want(const WakeWish& wish) {
  const std::lock_guard lock(mutex_);
  plan_.want(wish);
  step_later();
}

void Waker::leave(std::string_view machine) {
  const std::lock_guard lock(mutex_);
  plan_.leave(machine);
  step_later();
}

void Waker::ask(const WakeWish& wish, Time now) {
  const std::lock_guard lock(mutex_);
  plan_.ask(wish, now);
  step_later();
}

void Waker::came(std::string_view machine, Time now) {
  const std::lock_guard lock(mutex_);
  plan_.came(machine, now);
  step_later();
}

bool Waker::starting(std::string_view machine, Time now) const {
  const std::lock_guard lock(mutex_);
  return plan_.starting(machine, now);
}

void Waker::step_later() {
  if (posted_ || plan_.next() == armed_) return;
  posted_ = true;
  loop_.post([this] { step(); });
}

void Waker::on_deadline(Deadline&) { step(); }

void Waker::step() {
  std::vector<DueWake> due;
  {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    due = plan_.due(loop_.now());
    armed_ = plan_.next();
    armed_ ? deadline_.arm(*armed_) : deadline_.cancel();
  }
  for (const DueWake& each : due) begin(each);
}

void Waker::begin(const DueWake& due) {
  const Result<http::WebUrl> url = http::parse_web_url(due.url);
  WakeOutcome refused;
  if (settings_.secret.empty()) refused.problem = "the broker has no --wake-secret-file to sign it with";
  if (!url) refused.problem = url.error().context;
  const tls::ClientContext* const context = url && url->tls ? tls() : nullptr;
  if (url && url->tls && context == nullptr) refused.problem = "the system's CA certificates cannot be read";
  if (!refused.problem.empty()) return note(due, refused, url ? url->authority : "", Duration{0});
  const WakeCall::Ways ways{loop_, pool_};
  calls_.push_back(std::make_unique<WakeCall>(
      ways, *url, wake_message(due.machine, due.host, std::time(nullptr), settings_.secret), context,
      [this, due](WakeCall& call, const WakeOutcome& outcome) { over(call, due, outcome); }));
  calls_.back()->start(settings_.targets);
}

const tls::ClientContext* Waker::tls() {
  if (tls_ != nullptr) return tls_.get();
  auto made = tls::ClientContext::create("", {"http/1.1"}, tls::LeastVersion::kTls12);
  if (made) tls_ = std::move(*made);
  return tls_.get();
}

void Waker::over(WakeCall& call, const DueWake& due, const WakeOutcome& outcome) {
  const auto same = [&call](const std::unique_ptr<WakeCall>& each) { return each.get() == &call; };
  const auto found = std::find_if(calls_.begin(), calls_.end(), same);
  std::unique_ptr<WakeCall> ended = std::move(*found);
  calls_.erase(found);
  note(due, outcome, call.authority(), loop_.now() - call.started());
  loop_.bury(std::move(ended));
}

void Waker::note(const DueWake& due, const WakeOutcome& outcome, std::string_view target, Duration took) {
  ++(outcome.woken() ? counts_.woken : counts_.failed);
  log(outcome.woken() ? LogLevel::kInfo : LogLevel::kWarn, "wake",
      {{"machine", due.machine},
       {"outcome", outcome.woken() ? "woken" : "failed"},
       {"status", outcome.status},
       {"problem", outcome.problem},
       {"target", target},
       {"waiting", due.waiting},
       {"milliseconds", static_cast<long long>(took.count())}});
  const std::lock_guard lock(mutex_);
  plan_.called(due.machine, outcome.woken(), loop_.now(), random_());
  step_later();
}

}  // namespace ingress::broker
