#include "ctl/time_to_live.h"

#include "common/cli/values.h"

namespace ingress::ctl {

Outcome<long long> seconds_of(const char* flag, const std::string& text) {
  const bool bare = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const cli::Parsed<Duration> time = cli::parse_duration(bare ? text + "s" : text);
  if (!time) return wrong_usage(std::string(flag) + ": " + time.error());
  return std::chrono::duration_cast<std::chrono::seconds>(*time).count();
}

Outcome<bool> TimeToLive::put_into(Json& body) const {
  if (text.empty()) return true;
  if (text == "never") {
    body["ttl"] = nullptr;
    return true;
  }
  const Outcome<long long> seconds = seconds_of("--ttl", text);
  if (!seconds) return tl::unexpected(seconds.error());
  if (*seconds < 1) return wrong_usage("--ttl is a second at least");
  body["ttl"] = *seconds;
  return true;
}

}  // namespace ingress::ctl
