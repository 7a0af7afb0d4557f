// Machines that could not be made by a join token, for a while: their agents come again and again, and are answered
// from here. Bounded. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace ingress::broker {

class JoinRefusals {
 public:
  // What stood in the way may be gone then.
  static constexpr int64_t kRememberedSeconds = 30;
  // Beyond, the one that is nearest to its end is forgotten.
  static constexpr size_t kMost = 1000;

  // `now` in Unix seconds; `why` is a sentence for the agent.
  void add(std::string_view machine, std::string_view join_token, std::string why, int64_t now);
  // "" where it was not refused lately.
  std::string why(std::string_view machine, std::string_view join_token, int64_t now) const;

 private:
  struct Refusal {
    std::string why;
    int64_t until = 0;
  };

  void make_room(int64_t now);

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Refusal> refusals_;  // by machine and join token
};

}  // namespace ingress::broker
