// The bundles of keys that `profile` stands for.
#include <algorithm>
#include <array>

#include "broker/policy/policy_reading.h"

namespace ingress::broker {
namespace {

struct Profile {
  std::string_view name;
  http::HostMode host;
  http::OriginMode origin;
  OriginProtocol protocol;
  bool root_path_field;
};

// What each framework compares with what:
// - vite: its allowed hosts, and an Origin against them (CORS of the dev server, HMR socket): all local.
// - django: Origin against scheme://Host, and Host against ALLOWED_HOSTS (localhost alone while DEBUG).
// - jupyter: Host must be local, and Origin must equal it.
// - next: a Server Action's Origin against X-Forwarded-Host, which is the public one.
// - code-server: a WebSocket's Origin against X-Forwarded-Host.
// - rstudio: nothing, but it writes URLs by Host and X-RStudio-Root-Path.
// And grpc: nothing (:authority is local, as that of a direct call is), but it speaks HTTP/2 alone.
constexpr std::array kProfiles = std::to_array<Profile>({
    {"vite", http::HostMode::kRewrite, http::OriginMode::kRewrite, OriginProtocol::kHttp, false},
    {"django", http::HostMode::kRewrite, http::OriginMode::kRewrite, OriginProtocol::kHttp, false},
    {"jupyter", http::HostMode::kRewrite, http::OriginMode::kRewrite, OriginProtocol::kHttp, false},
    {"next", http::HostMode::kPreserve, http::OriginMode::kPreserve, OriginProtocol::kHttp, false},
    {"code-server", http::HostMode::kPreserve, http::OriginMode::kPreserve, OriginProtocol::kHttp, false},
    {"rstudio", http::HostMode::kPreserve, http::OriginMode::kPreserve, OriginProtocol::kHttp, true},
    {"grpc", http::HostMode::kRewrite, http::OriginMode::kPreserve, OriginProtocol::kH2c, false},
});

const Profile* find_profile(std::string_view name) {
  const auto at =
      std::find_if(kProfiles.begin(), kProfiles.end(), [name](const Profile& each) { return each.name == name; });
  return at == kProfiles.end() ? nullptr : &*at;
}

template <class T, size_t N>
std::string_view name_in(const std::array<Word<T>, N>& words, T value) {
  const auto at =
      std::find_if(words.begin(), words.end(), [value](const Word<T>& each) { return each.value == value; });
  return at == words.end() ? std::string_view() : at->name;
}

}  // namespace

Status read_profile(const KeyReading& in, Policy& bundle) {
  Status status;
  const std::string* word = in.word(status);
  if (word == nullptr) return status;
  if (const Profile* profile = find_profile(*word)) {
    bundle.host = profile->host;
    bundle.origin = profile->origin;
    bundle.origin_protocol = profile->protocol;
    if (profile->root_path_field) bundle.root_path_field = true;
    return {};
  }
  std::string known;
  for (const Profile& each : kProfiles) known += (known.empty() ? "" : ", ") + std::string(each.name);
  return in.refuse_word(*word, known);
}

std::vector<KeyWord> keys_of_profile(std::string_view name) {
  const Profile* profile = find_profile(name);
  if (profile == nullptr) return {};
  return {{"host", name_in(kHostWords, profile->host)},
          {"origin", name_in(kOriginWords, profile->origin)},
          {"origin_protocol", name_in(kProtocolWords, profile->protocol)}};
}

}  // namespace ingress::broker
