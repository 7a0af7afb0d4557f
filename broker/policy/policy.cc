#include "broker/policy/policy.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/cli/values.h"
#include "common/http/web_url.h"

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

Status set_park(std::string_view word, Policy& policy, std::string& problem) {
  constexpr Duration kMost = std::chrono::hours(24) * 7;
  const cli::Parsed<Duration> time = cli::parse_duration(word);
  if (!time || *time > kMost) {
    return refuse(problem, "policy key \"park\" cannot be \"" + std::string(word) +
                               "\": it is a duration such as 30s, up to 7d; 0s: no request waits");
  }
  policy.park = std::chrono::duration_cast<ParkTime>(*time);
  return {};
}

Status set_wake(std::string_view word, Policy& policy, std::string& problem) {
  if (word != "off") {
    if (const Result<http::WebUrl> url = http::parse_web_url(word); !url) {
      return refuse(problem,
                    "policy key \"wake\" is the URL of a webhook, or off: " + std::string(url.error().context));
    }
  }
  policy.wake = std::make_shared<const std::string>(word == "off" ? "" : word);
  return {};
}

// All but profile, which makes a bundle.
struct Key {
  std::string_view name;
  Status (*set)(std::string_view word, Policy& policy, std::string& problem);
};
constexpr auto kKeys = std::to_array<Key>({
    {"host", set_host},
    {"origin", set_origin},
    {"origin_protocol", set_origin_protocol},
    {"auth", set_auth},
    {"park", set_park},
    {"wake", set_wake},
});
constexpr const char* kKeyNames = "host, origin, origin_protocol, profile, auth, park, wake";

Status set_key(const std::string& key, const json& value, Policy& policy, Policy& bundle, std::string& problem) {
  const auto* word = value.get_ptr<const std::string*>();
  if (word == nullptr) {
    return refuse(problem, "policy key \"" + key + "\" is not known with such a value: each is a string");
  }
  if (key == "profile") return set_profile(*word, bundle, problem);
  const auto* found = std::find_if(kKeys.begin(), kKeys.end(), [&key](const Key& each) { return each.name == key; });
  if (found != kKeys.end()) return found->set(*word, policy, problem);
  return refuse(problem, "policy key \"" + key + "\" is not known: it is one of " + kKeyNames);
}

}  // namespace

void Policy::inherit(const Policy& farther) {
  if (!host) host = farther.host;
  if (!origin) origin = farther.origin;
  if (!auth) auth = farther.auth;
  if (!origin_protocol) origin_protocol = farther.origin_protocol;
  if (!park) park = farther.park;
  if (!wake) wake = farther.wake;
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
    if (const Status done = set_key(key, value, policy, bundle, problem); !done) return tl::unexpected(done.error());
  }
  policy.inherit(bundle);
  return policy;
}

}  // namespace ingress::broker
