#include "common/uv/watchdog.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "common/base/clock.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::uv {
namespace {

constexpr Duration kShortestPeriod{1};

// Half of what WATCHDOG_USEC says; zero where it says nothing.
Duration period_of_environment() {
  const char* const text = std::getenv("WATCHDOG_USEC");  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  if (text == nullptr) return Duration{0};
  const std::string_view digits = text;
  int64_t microseconds = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), microseconds);
  if (problem != std::errc() || end != digits.data() + digits.size() || microseconds <= 0) return Duration{0};
  return std::max(std::chrono::duration_cast<Duration>(std::chrono::microseconds(microseconds / 2)), kShortestPeriod);
}

}  // namespace

Watchdog::Watchdog(Loop& loop, const SdNotify& notify, Ask ask) : notify_(notify), ask_(std::move(ask)) {
  if (period_of_environment() == Duration{0}) return;
  timer_ = std::make_unique<Timer>(loop, [this] {
    ask_([this, speaks = speaks_] {
      if (*speaks) notify_.send("WATCHDOG=1");
    });
  });
  timer_->unref();
}

Watchdog::~Watchdog() { *speaks_ = false; }

void Watchdog::start() {
  if (timer_ == nullptr) return;
  *speaks_ = true;
  notify_.send("WATCHDOG=1");
  const Duration period = period_of_environment();
  timer_->start(period, period);
}

void Watchdog::stop() {
  *speaks_ = false;
  if (timer_ != nullptr) timer_->stop();
}

}  // namespace ingress::uv
