#include "broker/config_news.h"

#include <utility>

namespace ingress::broker {

ConfigNews::ConfigNews(uv::Loop& loop, Parts parts)
    : parts_(std::move(parts)), timer_(loop, [this] { on_gathered(); }) {
  timer_.unref();
}

void ConfigNews::take(const std::vector<MachineNews>& news) {
  for (const MachineNews& each : news) {
    if (each.kind == MachineNews::Kind::kEveryTouched) {
      every_ = true;
    } else if (each.kind == MachineNews::Kind::kTouched && parts_.wanted(each.machine)) {
      touched_.insert(each.machine);
    }
  }
  if (!gathering_) pass_on();
}

void ConfigNews::on_gathered() {
  gathering_ = false;
  pass_on();
}

void ConfigNews::pass_on() {
  if (touched_.empty() && !every_) return;
  gathering_ = true;
  timer_.start(kGather);
  const std::unordered_set<std::string> touched = std::exchange(touched_, {});
  if (std::exchange(every_, false)) return parts_.tell_all();
  parts_.tell({touched.begin(), touched.end()});
}

}  // namespace ingress::broker
