#include "broker/admin/sessions.h"

#include <utility>

#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

constexpr size_t kSecretBytes = 32;

constexpr size_t kMarkBytes = 9;

std::string random_text(size_t bytes) { return tls::to_base64url(tls::random_bytes(bytes)); }

}  // namespace

Sessions::Sessions(int64_t lifetime_seconds) : mark_(random_text(kMarkBytes) + "."), lifetime_(lifetime_seconds) {}

Sessions::Opened Sessions::open(ShownToken by, int64_t now) {
  make_room(by, now);
  Opened opened{random_text(kSecretBytes), mark_ + random_text(kSecretBytes), now + lifetime_};
  sessions_[tls::sha256_hex(opened.cookie)] = {std::move(by), tls::sha256_hex(opened.key), opened.expires_at};
  return opened;
}

std::string Sessions::find(std::string_view cookie, std::string_view key, int64_t now) const {
  if (cookie.empty() || key.empty()) return {};
  std::string id = tls::sha256_hex(cookie);
  const Session* session = at(id, now);
  if (session == nullptr || !tls::equal_constant_time(session->key_digest, tls::sha256_hex(key))) return {};
  return id;
}

const Session* Sessions::at(const std::string& id, int64_t now) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() || found->second.expires_at <= now ? nullptr : &found->second;
}

void Sessions::make_room(const ShownToken& by, int64_t now) {
  std::erase_if(sessions_, [now](const auto& entry) { return entry.second.expires_at <= now; });
  size_t own = 0;
  auto first = sessions_.end();
  auto first_own = sessions_.end();
  for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
    const auto sooner = [&at, this](auto than) {
      return than == sessions_.end() || at->second.expires_at < than->second.expires_at;
    };
    if (sooner(first)) first = at;
    if (at->second.by.digest != by.digest) continue;
    ++own;
    if (sooner(first_own)) first_own = at;
  }
  if (own >= kMostOfOne) {
    sessions_.erase(first_own);
  } else if (sessions_.size() >= kMost) {
    sessions_.erase(first);
  }
}

}  // namespace ingress::broker::admin
