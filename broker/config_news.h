// Which machines' agents are to be told what the routes say of them now. A change is passed on at once; those that
// follow it closely are gathered, so that an import of a million routes costs each connected machine a few looks a
// second. Thread: the loop's.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "broker/routing/machine_news.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class ConfigNews {
 public:
  static constexpr Duration kGather{50};

  // `wanted`: has the machine a tunnel here? `tell` gets machines that were touched; `tell_all`: all were.
  struct Parts {
    std::function<bool(const std::string& machine)> wanted;
    std::function<void(const std::vector<std::string>& machines)> tell;
    std::function<void()> tell_all;
  };
  ConfigNews(uv::Loop& loop, Parts parts);

  void take(const std::vector<MachineNews>& news);

 private:
  void pass_on();
  void on_gathered();

  Parts parts_;
  uv::Timer timer_;
  std::unordered_set<std::string> touched_;
  bool gathering_ = false;
  bool every_ = false;
};

}  // namespace ingress::broker
