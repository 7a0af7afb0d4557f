#include "broker/lingering.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/database/database_lock.h"

namespace ingress::broker {
namespace {

constexpr Duration kSilenceLook{500};
// What is over sooner is not lingered for: it ends while the broker runs dry, and so much time is left to it at the end
// of the grace period.
constexpr Duration kLasting{1000};
// What lasted may come back soon after its end, and is young then: a page that is loaded anew.
constexpr Duration kComesBack{3000};

}  // namespace

Lingering::Lingering(LoopSet& loops, std::function<void()> on_over)
    : loops_(loops),
      on_over_(std::move(on_over)),
      look_timer_(loops.loop(), [this] { look(); }),
      last_call_timer_(loops.loop(), [this] { over("the grace period is nearly over"); }) {}

Lingering::~Lingering() { *alive_ = false; }

void Lingering::watch_lock(const std::string& db) {
  auto watch = uv::OpenWatch::watch(loops_.loop(), db::DatabaseLock::file_of(db), [this] { on_open(); });
  if (!watch) {
    return log_warn("lingering_unavailable",
                    {{"error", describe(watch.error())},
                     {"hint", "told to end beside streams that last it takes no more at once; see fs.inotify limits"}});
  }
  watch_ = std::move(*watch);
}

void Lingering::on_open() {
  opened_ = loops_.loop().now();
  if (lingers_) over("another process wants the database");
}

void Lingering::begin(Duration grace_period) {
  const Time now = loops_.loop().now();
  const bool awaited = opened_ && now - *opened_ < db::DatabaseLock::kPatience;
  if (watch_ == nullptr || awaited) return on_over_();
  lingers_ = true;
  quiet_until_ = now + kLasting;  // by then it has shown whether what runs now lasts
  look_timer_.start(kSilenceLook, kSilenceLook);
  last_call_timer_.start(std::max(grace_period - kLasting, grace_period / 2));
  look();
}

void Lingering::stop() {
  lingers_ = false;
  look_timer_.stop();
  last_call_timer_.stop();
  watch_.reset();
}

void Lingering::look() {
  loops_.look_what_is_under_way(kLasting, [this, alive = alive_](UnderWay found) {
    if (*alive && lingers_) on_looked(found);
  });
}

void Lingering::on_looked(UnderWay found) {
  const Time now = loops_.loop().now();
  if (found == UnderWay::kLasting) {
    quiet_until_ = now + kComesBack;
    if (std::exchange(told_, true)) return;
    log_info("lingering",
             {{"hint", "it serves on beside streams that last, until they end; SIGTERM again ends it now"}});
  } else if (found == UnderWay::kNothing || now >= quiet_until_) {
    over("nothing lasts");
  }
}

void Lingering::over(const char* why) {
  stop();
  if (told_) log_info("lingering_over", {{"why", why}});
  on_over_();
}

}  // namespace ingress::broker
