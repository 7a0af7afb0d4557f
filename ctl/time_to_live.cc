#include "ctl/time_to_live.h"

#include "common/cli/values.h"

namespace ingress::ctl {

Outcome<bool> TimeToLive::put_into(Json& body) const {
  if (text.empty()) return true;
  if (text == "never") {
    body["ttl"] = nullptr;
    return true;
  }
  const cli::Parsed<Duration> time = cli::parse_duration(text);
  if (!time) return wrong_usage("--ttl: " + time.error());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*time).count();
  if (seconds < 1) return wrong_usage("--ttl is a second at least");
  body["ttl"] = seconds;
  return true;
}

}  // namespace ingress::ctl
