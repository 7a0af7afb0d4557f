#include "broker/client/forwarder.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "broker/client/forward.h"
#include "broker/client/forward_work.h"

namespace ingress::broker {
namespace {

// Of all exchanges, at a time: a look must not hold up the loop.
constexpr size_t kLooks = 5000;
constexpr size_t kMostToldAtOnce = 100;  // who listens is given what it is told after the look
constexpr Duration kWatchInterval{500};
// Where a time was set. Many may be, one after the other.
constexpr size_t kTimesLooks = 1000;
constexpr Duration kTimesPause{10};
// Of each text of a request that could not be read.
constexpr size_t kMostToldBytes = 2048;

}  // namespace

Forwarder::Forwarder(uv::Loop& loop, const RouteTable& routes, Admission& admission, Carrier& carrier, Waiting waiting,
                     const MemoryBudget& memory, ExchangeObserver& observer)
    : loop_(loop),
      routes_(routes),
      admission_(admission),
      carrier_(carrier),
      waiting_(waiting),
      memory_(memory),
      observer_(observer),
      work_(std::make_unique<Work>()),
      watch_timer_(loop, [this] { look_at_watched(); }),
      times_timer_(loop, [this] { look_at_some_times(); }) {
  watch_timer_.unref();
  times_timer_.unref();
  observer_.set_open_exchanges(this);
}

Forwarder::~Forwarder() {
  observer_.set_open_exchanges(nullptr);
  assert(running_ == 0);
}

server::RequestHandler* Forwarder::on_request(server::Responder& responder, const http::RequestHead& head,
                                              const server::RequestInfo& info) {
  Forward* forward = take();
  if (forward->start(responder, head, info)) return forward;
  give_back(forward);
  return nullptr;
}

http::ErrorAnswer Forwarder::on_unreadable(const Error& error, const server::UnreadableRequest& request) {
  const Error shown = public_error(error);
  ExchangeRecord record;
  record.client_ip = request.client_ip;
  record.host = request.host.substr(0, kMostToldBytes);
  record.method = request.method.substr(0, kMostToldBytes);
  record.target = request.target.substr(0, kMostToldBytes);
  record.status = status_of(error);
  record.error = shown.code;
  http::ErrorDetails details;
  details.reason = error.context;
  http::ErrorAnswer answer = http::error_answer(error, details, {});
  record.bytes_out = answer.body.size();
  observer_.ended(record, nullptr, fine_now());
  return answer;
}

void Forwarder::tell_lasting() {
  const FineTime now = fine_now();
  size_t told = 0;
  for (size_t looks = std::min(kLooks, all_.size()); looks > 0 && told < kMostToldAtOnce; --looks) {
    looked_at_ = looked_at_ + 1 < all_.size() ? looked_at_ + 1 : 0;
    if (all_[looked_at_]->tell_lasting(now)) ++told;
  }
}

bool Forwarder::has_lasting(Duration age) const {
  if (running_ == 0) return false;
  return std::any_of(all_.begin(), all_.end(),
                     [then = fine_now() - age](const auto& forward) { return forward->lasts(then); });
}

Forward* Forwarder::take() {
  ++running_;
  if (spare_.empty()) {
    all_.push_back(std::make_unique<Forward>(*this));
    return all_.back().get();
  }
  Forward* forward = spare_.back();
  spare_.pop_back();
  return forward;
}

void Forwarder::again_later(Forward& forward) {
  if (again_.empty()) {
    loop_.defer([this] {
      const std::vector<Forward*> due = std::exchange(again_, {});
      for (Forward* each : due) each->again();
    });
  }
  again_.push_back(&forward);
}

void Forwarder::watch_over(Forward& forward) {
  if (watched_.empty()) watch_timer_.start(kWatchInterval, kWatchInterval);
  watched_.insert(&forward);
}

void Forwarder::look_at_watched() {
  const int64_t now = std::time(nullptr);
  std::vector<Forward*> gone;
  for (Forward* each : watched_) {
    if (!each->still_welcome(now)) gone.push_back(each);
  }
  for (Forward* each : gone) each->cut();
}

void Forwarder::look_at_times() {
  if (running_ == 0) return;
  if (untimed_ == 0) times_timer_.start(kTimesPause);
  untimed_ = all_.size();
}

void Forwarder::look_at_some_times() {
  const int64_t now = std::time(nullptr);
  for (size_t looks = std::min(kTimesLooks, untimed_); looks > 0; --looks, --untimed_) {
    timed_ = timed_ + 1 < all_.size() ? timed_ + 1 : 0;
    all_[timed_]->look_at_time(now);
  }
  if (untimed_ > 0) times_timer_.start(kTimesPause);
}

std::optional<std::vector<int>> Forwarder::listening(std::string_view machine, int asked) const {
  const std::optional<MachinePorts> known = book_ == nullptr ? std::nullopt : book_->ports(machine);
  if (!known) return std::nullopt;
  std::vector<int> numbers;
  for (const MachinePort& port : known->ports) {
    if (routes_.read().port_is_public(machine, port.number)) numbers.push_back(port.number);
  }
  // Of many, those near to the one that was asked for: it may be a slip of a finger.
  std::sort(numbers.begin(), numbers.end(),
            [asked](int a, int b) { return std::abs(a - asked) < std::abs(b - asked); });
  const auto named = static_cast<ptrdiff_t>(std::min(numbers.size(), http::kMostListening));
  std::sort(numbers.begin(), numbers.begin() + named);
  return numbers;
}

void Forwarder::give_back(Forward* forward) {
  --running_;
  if (!watched_.empty() && watched_.erase(forward) != 0 && watched_.empty()) watch_timer_.stop();
  spare_.push_back(forward);
}

}  // namespace ingress::broker
