#include "broker/wake/wake_plan.h"

#include <algorithm>
#include <cassert>

namespace ingress::broker {
namespace {

Duration pause_after(int failures, double chance) {
  Duration most = WakePlan::kFirstPause;
  for (int i = 1; i < failures && most < WakePlan::kLongestPause; ++i) most *= 2;
  most = std::min(most, WakePlan::kLongestPause);
  return Duration(static_cast<long long>(static_cast<double>(most.count()) * chance));
}

}  // namespace

TextMap<WakePlan::Machine>::iterator WakePlan::known_for(const WakeWish& wish) {
  const auto found = machines_.try_emplace(std::string(wish.machine)).first;
  found->second.url.assign(wish.url);
  found->second.host.assign(wish.host);
  return found;
}

void WakePlan::want(const WakeWish& wish) {
  const auto found = known_for(wish);
  if (++found->second.waiting == 1) place(found->first, found->second);
}

void WakePlan::ask(const WakeWish& wish, Time now) {
  const auto found = known_for(wish);
  Machine& machine = found->second;
  if (machine.calling || now < machine.not_before) return;
  machine.asked = true;
  place(found->first, machine);
}

void WakePlan::leave(std::string_view name) {
  const auto found = machines_.find(name);
  assert(found != machines_.end() && found->second.waiting > 0);
  if (--found->second.waiting == 0) place(found->first, found->second);
}

void WakePlan::came(std::string_view name, Time now) {
  const auto found = machines_.find(name);
  if (found == machines_.end()) return;
  Machine& machine = found->second;
  machine.came = machine.calling;
  machine.asked = false;
  machine.failures = 0;
  machine.starting_until = {};
  machine.not_before = now + kSettle;
  place(found->first, machine);
}

bool WakePlan::starting(std::string_view name, Time now) const {
  const auto found = machines_.find(name);
  return found != machines_.end() && now < found->second.starting_until;
}

std::vector<DueWake> WakePlan::due(Time now) {
  std::vector<DueWake> calls;
  while (calling_ < kMostCalls && !due_.empty() && due_.begin()->first <= now) {
    const auto found = machines_.find(due_.begin()->second);
    due_.erase(due_.begin());
    Machine& machine = found->second;
    machine.at.reset();
    if (machine.waiting == 0 && !machine.asked) {
      machines_.erase(found);
      continue;
    }
    machine.asked = false;
    machine.calling = true;
    ++calling_;
    calls.push_back({found->first, machine.url, machine.host, machine.waiting});
  }
  return calls;
}

void WakePlan::called(std::string_view name, bool woken, Time now, double chance) {
  const auto found = machines_.find(name);
  assert(found != machines_.end() && found->second.calling);
  Machine& machine = found->second;
  machine.calling = false;
  --calling_;
  if (std::exchange(machine.came, false)) {
    machine.not_before = now + kSettle;
  } else if (woken) {
    machine.failures = 0;
    machine.not_before = now + kQuiet;
    machine.starting_until = now + kStarting;
  } else {
    ++machine.failures;
    machine.not_before = now + pause_after(machine.failures, chance);
  }
  place(found->first, machine);
}

std::optional<Time> WakePlan::next() const {
  if (due_.empty() || calling_ >= kMostCalls) return std::nullopt;
  return due_.begin()->first;
}

void WakePlan::place(const std::string& name, Machine& machine) {
  if (machine.at) due_.erase({*machine.at, name});
  machine.at.reset();
  if (machine.calling) return;
  // The pauses of a webhook that fails are remembered for as long as the longest of them.
  machine.at = machine.waiting > 0 || machine.asked
                   ? machine.not_before
                   : std::max(machine.not_before + kLongestPause, machine.starting_until);
  due_.emplace(*machine.at, name);
}

}  // namespace ingress::broker
