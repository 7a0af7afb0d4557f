#include "ctl/policy_flags.h"

#include "ctl/shell.h"

namespace ingress::ctl {

void PolicyFlags::add_to(Command command) {
  command.text_option("--policy", json,
                      "The whole policy, a JSON object; @FILE and - as for --auth, and so for what is secret",
                      "JSON|@FILE|-");
  command.known_words("--profile", profile, {"vite", "next", "django", "jupyter", "code-server", "rstudio", "grpc"},
                      "Bundle for a framework: vite, next, django, jupyter, code-server, rstudio or grpc", "NAME");
  command.known_words("--host", host, {"rewrite", "preserve"},
                      "Host that the origin sees: rewrite (localhost:PORT) or preserve", "HOW");
  command.known_words("--origin", origin, {"rewrite", "preserve"},
                      "The same for Origin and Referer: rewrite or preserve", "HOW");
  command.known_words("--origin-protocol", origin_protocol, {"http", "https", "h2c"},
                      "What the origin speaks: http (HTTP/1.1), https (the same over TLS) or h2c (HTTP/2)", "WHAT");
  command.text_option("--auth", auth,
                      "Who may come in: public, share, deny, or the JSON of another way; @FILE: what is in that file, "
                      "-: in standard input (passwords and tokens: everybody here can read a command line)",
                      "WHO|@FILE|-");
  command.option("--park", park, "How long a request waits for its machine, as 30s; 0s: not at all", "TIME");
  command.option("--wake", wake, "URL of the webhook that wakes the machine, or off", "URL");
}

Outcome<Json> PolicyFlags::over(const Json& before) const {
  Json policy = before.is_object() ? before : Json::object();
  if (!json.empty()) {
    policy = Json::parse(json, nullptr, false);
    if (!policy.is_object()) return wrong_usage("--policy is not a JSON object");
  }
  if (!profile.empty()) policy["profile"] = profile;
  if (!host.empty()) policy["host"] = host;
  if (!origin.empty()) policy["origin"] = origin;
  if (!origin_protocol.empty()) policy["origin_protocol"] = origin_protocol;
  if (!auth.empty()) {
    const Json value = Json::parse(auth, nullptr, false);
    const bool is_word = auth.find_first_of("{[\"") == std::string::npos;
    if (value.is_discarded() && !is_word) return wrong_usage("--auth is neither a word nor JSON that can be read");
    policy["auth"] = value.is_discarded() ? Json(auth) : value;
  }
  if (!park.empty()) policy["park"] = park;
  if (!wake.empty()) policy["wake"] = wake;
  return policy;
}

}  // namespace ingress::ctl
