#include "tests/sim/loop_runner.h"

#include <algorithm>
#include <utility>

#include "tests/sim/fake_uv.h"
#include "tests/sim/loop_wait.h"

namespace ingress::sim {

size_t wait_in_loop(EpollSet& set, Kernel::Event* to, size_t most, int timeout_ms) {
  const size_t count = Kernel::current->take_events(set, to, most);
  set.sleeping = false;
  if (set.loop == nullptr) return count;
  set.loop->stop();
  if (count > 0 || timeout_ms == 0) return count;
  const Duration due = set.loop->now().time_since_epoch() + Duration(timeout_ms);
  set.wake_at = timeout_ms < 0 ? LoopRunner::kNever : Micros(due);
  set.sleeping = set.wake_at > Kernel::current->network().events().now();
  return 0;
}

void LoopRunner::add(Process& process, uv::Loop& loop) {
  EpollSet* const set = epoll_set_of(loop);
  set->loop = &loop;
  entries_.push_back({&process, &loop, set});
}

void LoopRunner::remove(uv::Loop& loop) {
  std::erase_if(entries_, [&loop](const Entry& entry) { return entry.loop == &loop; });
}

bool LoopRunner::runnable(const Entry& entry) const {
  if (entry.process->frozen) return false;
  return !entry.set->sleeping || entry.set->has_event() || entry.set->wake_at <= kernel_.network().events().now();
}

void LoopRunner::turn(Entry entry) {
  // A loop that is not alive makes no turn, and sleeps.
  entry.set->sleeping = true;
  entry.set->wake_at = kNever;
  kernel_.enter(entry.process);
  entry.loop->run_until_stopped();
  kernel_.enter(nullptr);
  if (after_turn_) after_turn_(*entry.process);
}

bool LoopRunner::run_one() {
  ready_.clear();
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].process->dead && runnable(entries_[i])) ready_.push_back(i);
  }
  if (ready_.empty()) return false;
  turn(entries_[ready_[kernel_.network().random().below(ready_.size())]]);
  return true;
}

Micros LoopRunner::next_wake() const {
  Micros next = kNever;
  for (const Entry& entry : entries_) {
    if (!entry.process->frozen && !entry.process->dead) next = std::min(next, entry.set->wake_at);
  }
  return next;
}

bool LoopRunner::take_apart(Process& process, Micros most, const std::function<bool()>& done) {
  EventQueue& events = kernel_.network().events();
  const Micros began = events.now();
  const auto after_turn = std::exchange(after_turn_, nullptr);
  process.frozen = false;
  while (!done() && events.now() - began < most) {
    Micros next = kNever;
    bool ran = false;
    for (size_t i = 0; i < entries_.size(); ++i) {
      const Entry entry = entries_[i];
      if (entry.process != &process) continue;
      if (runnable(entry)) {
        turn(entry);
        ran = true;
      }
      next = std::min(next, entry.set->wake_at);
    }
    if (!ran) events.set_now(next == kNever ? began + most : next);
  }
  const bool is_done = done();
  events.set_now(began);
  after_turn_ = after_turn;
  return is_done;
}

}  // namespace ingress::sim
