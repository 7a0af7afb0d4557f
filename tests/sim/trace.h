// What happened in a run, a line each. Off unless somebody wants to read it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "tests/sim/event_queue.h"

namespace ingress::sim {

class Trace {
 public:
  static constexpr size_t kMostLines = 2000;

  void turn_on() { on_ = true; }
  bool on() const { return on_; }
  void note(Micros now, const std::string& text) {
    if (!on_) return;
    const auto since = (now - EventQueue::kStart).count();
    lines_.push_back(std::to_string(since / 1000000) + "." + std::to_string(1000000 + since % 1000000).substr(1) +
                     "  " + text);
    if (lines_.size() > kMostLines) lines_.pop_front();
    for (const char each : lines_.back()) digest_ = (digest_ ^ static_cast<uint8_t>(each)) * 1099511628211U;
  }
  const std::deque<std::string>& lines() const { return lines_; }
  // Of every line that was noted: two runs in which the same happened have the same.
  uint64_t digest() const { return digest_; }

 private:
  bool on_ = false;
  uint64_t digest_ = 14695981039346656037U;  // FNV-1a
  std::deque<std::string> lines_;
};

}  // namespace ingress::sim
