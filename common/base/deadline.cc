#include "common/base/deadline.h"

#include <algorithm>

namespace ingress {
namespace {

size_t tick_of(Time at) { return static_cast<size_t>(at.time_since_epoch() / DeadlineWheel::kTick); }

}  // namespace

DeadlineWheel::DeadlineWheel() {
  for (Link& slot : slots_) slot.previous = slot.next = &slot;
}

void DeadlineWheel::link(Deadline& deadline) {
  const Time slot_time = std::max(deadline.at_, reached_) + kTick;
  deadline.slot_time_ = slot_time;
  Link& slot = slots_[tick_of(slot_time) % kSlots];
  deadline.previous = slot.previous;
  deadline.next = &slot;
  slot.previous->next = &deadline;
  slot.previous = &deadline;
}

void DeadlineWheel::fire_slot(Link& slot, Time now) {
  // Taken off whole, so that a handler may arm or destroy any deadline, its own too.
  Link due;
  if (slot.next == &slot) return;
  due = slot;
  due.previous->next = &due;
  due.next->previous = &due;
  slot.previous = slot.next = &slot;
  while (due.next != &due) {
    Deadline& deadline = static_cast<Deadline&>(*due.next);
    deadline.unlink();
    if (!deadline.armed_) continue;
    if (deadline.at_ > now) {
      link(deadline);
      continue;
    }
    deadline.cancel();
    deadline.handler_.on_deadline(deadline);
  }
}

void DeadlineWheel::advance(Time now) {
  const size_t last = tick_of(now);
  const size_t first = std::max(tick_of(reached_), last >= kSlots ? last - kSlots + 1 : 0);
  reached_ = now;
  for (size_t tick = first; tick <= last; ++tick) fire_slot(slots_[tick % kSlots], now);
}

void Deadline::arm(Time at) {
  at_ = at;
  if (!armed_) ++wheel_.armed_;
  armed_ = true;
  if (next != nullptr) {
    if (at + DeadlineWheel::kTick >= slot_time_) return;  // looked at early, then linked again
    unlink();
  }
  wheel_.link(*this);
}

void Deadline::unlink() {
  if (next == nullptr) return;
  previous->next = next;
  next->previous = previous;
  previous = next = nullptr;
}

}  // namespace ingress
