// Runs the loops of the product's processes, one turn of one of them at a time; which one, chance decides.
#pragma once

#include <functional>
#include <vector>

#include "common/uv/loop.h"
#include "tests/sim/kernel.h"

namespace ingress::sim {

class LoopRunner {
 public:
  static constexpr Micros kNever{INT64_MAX};

  explicit LoopRunner(Kernel& kernel) : kernel_(kernel) {}

  // A loop of the process; from when it was made to when it is about to be destroyed.
  void add(Process& process, uv::Loop& loop);
  void remove(uv::Loop& loop);

  // One turn of a loop that has something to do; false where none has. `after_turn` hears whose it was.
  bool run_one();
  void set_after_turn(std::function<void(Process&)> after_turn) { after_turn_ = std::move(after_turn); }
  // When the next of them has to be woken.
  Micros next_wake() const;

  // Runs the process alone, in a time of its own, until `done` or for `most` of that time: false.
  bool take_apart(Process& process, Micros most, const std::function<bool()>& done);

 private:
  struct Entry {
    Process* process;
    uv::Loop* loop;
    EpollSet* set;
  };

  bool runnable(const Entry& entry) const;
  void turn(Entry entry);

  Kernel& kernel_;
  std::vector<Entry> entries_;
  std::vector<size_t> ready_;
  std::function<void(Process&)> after_turn_;
};

}  // namespace ingress::sim
