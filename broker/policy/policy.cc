#include "broker/policy/policy.h"

#include <array>
#include <nlohmann/json.hpp>

namespace ingress::broker {
namespace {

using nlohmann::json;

struct Profile {
  std::string_view name;
  http::HostMode host;
  http::OriginMode origin;
  OriginProtocol protocol;
};

// What each framework compares with what:
// - vite: its allowed hosts, and an Origin against them (CORS of the dev server, HMR socket): all local.
// - django: Origin against scheme://Host, and Host against ALLOWED_HOSTS (localhost alone while DEBUG).
// - jupyter: Host must be local, and Origin must equal it.
// - next: a Server Action's Origin against X-Forwarded-Host, which is the public one.
// And grpc: nothing (:authority is local, as that of a direct call is), but it speaks HTTP/2 alone.
constexpr std::array kProfiles = std::to_array<Profile>({
    {"vite", http::HostMode::kRewrite, http::OriginMode::kRewrite, OriginProtocol::kHttp},
    {"django", http::HostMode::kRewrite, http::OriginMode::kRewrite, OriginProtocol::kHttp},
    {"jupyter", http::HostMode::kRewrite, http::OriginMode::kRewrite, OriginProtocol::kHttp},
    {"next", http::HostMode::kPreserve, http::OriginMode::kPreserve, OriginProtocol::kHttp},
    {"grpc", http::HostMode::kRewrite, http::OriginMode::kPreserve, OriginProtocol::kH2c},
});

Status refuse(std::string& problem, std::string sentence) {
  problem = std::move(sentence);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a policy");
}

Status refuse_word(std::string_view key, std::string_view word, std::string_view known, std::string& problem) {
  return refuse(problem, "policy key \"" + std::string(key) + "\" cannot be \"" + std::string(word) +
                             "\": it is one of " + std::string(known));
}

Status set_host(std::string_view word, Policy& policy, std::string& problem) {
  if (word != "rewrite" && word != "preserve") return refuse_word("host", word, "rewrite, preserve", problem);
  policy.host = word == "rewrite" ? http::HostMode::kRewrite : http::HostMode::kPreserve;
  return {};
}

Status set_origin(std::string_view word, Policy& policy, std::string& problem) {
  if (word != "rewrite" && word != "preserve") return refuse_word("origin", word, "rewrite, preserve", problem);
  policy.origin = word == "rewrite" ? http::OriginMode::kRewrite : http::OriginMode::kPreserve;
  return {};
}

Status set_origin_protocol(std::string_view word, Policy& policy, std::string& problem) {
  if (word != "http" && word != "h2c") return refuse_word("origin_protocol", word, "http, h2c", problem);
  policy.origin_protocol = word == "h2c" ? OriginProtocol::kH2c : OriginProtocol::kHttp;
  return {};
}

Status set_profile(std::string_view word, Policy& bundle, std::string& problem) {
  for (const Profile& profile : kProfiles) {
    if (profile.name != word) continue;
    bundle.host = profile.host;
    bundle.origin = profile.origin;
    bundle.origin_protocol = profile.protocol;
    return {};
  }
  return refuse_word("profile", word, "vite, next, django, jupyter, grpc", problem);
}

Status set_auth(std::string_view word, Policy& policy, std::string& problem) {
  const Result<Auth> auth = parse_auth(word);
  if (!auth) return refuse_word("auth", word, "public, deny", problem);
  policy.auth = *auth;
  return {};
}

}  // namespace

void Policy::inherit(const Policy& farther) {
  if (!host) host = farther.host;
  if (!origin) origin = farther.origin;
  if (!auth) auth = farther.auth;
  if (!origin_protocol) origin_protocol = farther.origin_protocol;
}

Result<Auth> parse_auth(std::string_view word) {
  if (word == "public") return Auth::kPublic;
  if (word == "deny") return Auth::kDeny;
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading an auth word");
}

Result<Policy> parse_policy(std::string_view text, std::string& problem) {
  Policy policy;
  if (text == "{}") return policy;  // by far the most rows
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return tl::unexpected(refuse(problem, "a policy is a JSON object, as in {\"host\":\"preserve\"}").error());
  }
  Policy bundle;
  for (const auto& [key, value] : object.items()) {
    const auto* word = value.get_ptr<const std::string*>();
    Status done;
    if (word == nullptr) {
      done =
          refuse(problem,
                 "policy key \"" + key +
                     "\" is not known with such a value: host, origin, origin_protocol, profile and auth are strings");
    } else if (key == "host") {
      done = set_host(*word, policy, problem);
    } else if (key == "origin") {
      done = set_origin(*word, policy, problem);
    } else if (key == "origin_protocol") {
      done = set_origin_protocol(*word, policy, problem);
    } else if (key == "profile") {
      done = set_profile(*word, bundle, problem);
    } else if (key == "auth") {
      done = set_auth(*word, policy, problem);
    } else {
      done = refuse(problem, "policy key \"" + key +
                                 "\" is not known: it is one of host, origin, origin_protocol, profile, auth");
    }
    if (!done) return tl::unexpected(done.error());
  }
  policy.inherit(bundle);
  return policy;
}

}  // namespace ingress::broker
