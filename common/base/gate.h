// Shutdown waits on a gate: it counts what is still alive and calls back when nothing is left.
#pragma once

#include <cassert>
#include <cstddef>
#include <functional>
#include <utility>

namespace ingress {

class Gate {
 public:
  // One living thing. Moves, does not copy.
  class Pass {
   public:
    Pass() = default;
    explicit Pass(Gate* gate) : gate_(gate) { ++gate_->inside_; }
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    Gate* gate_ = nullptr;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { assert(inside_ == 0); }

  Pass enter() { return Pass(this); }
  size_t inside() const { return inside_; }
  // Calls `done` once, when nothing is inside: at once if that is so now.
  void close(std::function<void()> done) {
    done_ = std::move(done);
    check();
  }

 private:
  void leave() {
    --inside_;
    check();
  }
  void check() {
    if (inside_ == 0 && done_) std::exchange(done_, nullptr)();
  }

  size_t inside_ = 0;
  std::function<void()> done_;
};

}  // namespace ingress
