#include "ctl/policy_flags.h"

#include "ctl/shell.h"

namespace ingress::ctl {

void PolicyFlags::add_to(Command command) {
  command.option("--policy", json, "The whole policy, as a JSON object", "JSON");
  command.option("--profile", profile,
                 "Bundle for a framework: vite, next, django, jupyter, code-server, rstudio or grpc", "NAME");
  command.option("--host", host, "Host that the origin sees: rewrite (localhost:PORT) or preserve", "HOW");
  command.option("--origin", origin, "The same for Origin and Referer: rewrite or preserve", "HOW");
  command.option("--origin-protocol", origin_protocol,
                 "What the origin speaks: http (HTTP/1.1), https (the same over TLS) or h2c (HTTP/2)", "WHAT");
  command.option("--auth", auth, "Who may come in: public, share, deny, or the JSON of another way", "WHO");
  command.option("--park", park, "How long a request waits for its machine, as 30s; 0s: not at all", "TIME");
  command.option("--wake", wake, "URL of the webhook that wakes the machine, or off", "URL");
}

Outcome<Json> PolicyFlags::over(const Json& before) const {
  Json policy = before.is_object() ? before : Json::object();
  if (!json.empty()) {
    Outcome<Json> whole = object_of("--policy", json);
    if (!whole) return whole;
    policy = std::move(*whole);
  }
  if (!profile.empty()) policy["profile"] = profile;
  if (!host.empty()) policy["host"] = host;
  if (!origin.empty()) policy["origin"] = origin;
  if (!origin_protocol.empty()) policy["origin_protocol"] = origin_protocol;
  if (!auth.empty()) {
    const Json value = Json::parse(auth, nullptr, false);
    policy["auth"] = value.is_discarded() ? Json(auth) : value;
  }
  if (!park.empty()) policy["park"] = park;
  if (!wake.empty()) policy["wake"] = wake;
  return policy;
}

}  // namespace ingress::ctl
