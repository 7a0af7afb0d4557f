#include "broker/admin/sessions.h"

#include <algorithm>
#include <utility>

#include "common/tls/digest.h"

namespace ingress::broker::admin {
namespace {

constexpr size_t kSecretBytes = 32;

std::string secret() { return tls::to_base64url(tls::random_bytes(kSecretBytes)); }

}  // namespace

Sessions::Opened Sessions::open(ShownToken by, int64_t now) {
  make_room(now);
  Opened opened{secret(), secret(), now + lifetime_};
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

void Sessions::make_room(int64_t now) {
  std::erase_if(sessions_, [now](const auto& entry) { return entry.second.expires_at <= now; });
  if (sessions_.size() < kMost) return;
  const auto first = std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
    return a.second.expires_at < b.second.expires_at;
  });
  sessions_.erase(first);
}

}  // namespace ingress::broker::admin
