#include "broker/wake/waker.h"

#include <ctime>
#include <utility>

#include "broker/wake/wake_message.h"
#include "common/base/log.h"

namespace ingress::broker {

Waker::Waker(uv::Loop& loop, WakeSettings settings, std::function<double()> random)
    : loop_(loop),
      settings_(std::move(settings)),
      random_(std::move(random)),
      deadline_(loop.deadlines(), *this),
      caller_(loop) {}

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
  WebAnswer refused;
  if (settings_.secret.empty()) refused.problem = "the broker has no --wake-secret-file to sign it with";
  if (!url) refused.problem = url.error().context;
  if (!refused.problem.empty()) return note(due, refused, url ? url->authority : "", Duration{0});
  WakeMessage message = wake_message(due.machine, due.host, std::time(nullptr), settings_.secret);
  WebRequest request;
  request.method = "POST";
  request.url = *url;
  request.fields = {{"User-Agent", "ingress-broker"},
                    {"Content-Type", "application/json"},
                    {"X-Iterate-Timestamp", std::move(message.timestamp)},
                    {"X-Iterate-Signature", std::move(message.signature)}};
  request.body = std::move(message.body);
  caller_.begin(std::move(request), settings_.targets,
                [this, due, target = url->authority, began = loop_.now()](const WebAnswer& answer) {
                  note(due, answer, target, loop_.now() - began);
                });
}

void Waker::note(const DueWake& due, const WebAnswer& answer, std::string_view target, Duration took) {
  ++(answer.good() ? counts_.woken : counts_.failed);
  log(answer.good() ? LogLevel::kInfo : LogLevel::kWarn, "wake",
      {{"machine", due.machine},
       {"outcome", answer.good() ? "woken" : "failed"},
       {"status", answer.status},
       {"problem", answer.problem},
       {"target", target},
       {"waiting", due.waiting},
       {"milliseconds", static_cast<long long>(took.count())}});
  const std::lock_guard lock(mutex_);
  plan_.called(due.machine, answer.good(), loop_.now(), random_());
  step_later();
}

}  // namespace ingress::broker
