// The last things that went wrong, for who looks into the agent. Thread: the loop's.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace ingress::agent {

struct SeenError {
  int64_t at = 0;    // Unix seconds, of the last time
  std::string code;  // a stable word
  std::string sentence;
  uint64_t times = 1;

  bool operator==(const SeenError&) const = default;
};

class ErrorRing {
 public:
  static constexpr size_t kMost = 20;

  // One that is there already is counted, and is the newest again.
  void add(int64_t at, std::string code, std::string sentence);
  // The newest first.
  const std::deque<SeenError>& errors() const { return errors_; }

 private:
  std::deque<SeenError> errors_;
};

}  // namespace ingress::agent
