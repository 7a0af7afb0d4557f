#include "common/tls/certificate_set.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace ingress::tls {
namespace {

// EVP_PKEY_EC, EVP_PKEY_RSA and the like.
int key_kind(const Certificate& certificate) {
  return EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(certificate.context.get()));
}

// What clients may take it for: more is better.
int class_of(const Certificate& certificate, long long now) {
  const bool valid = certificate.begins_at <= now && now < certificate.expires_at;
  return (valid ? 2 : 0) + (certificate.self_signed ? 0 : 1);
}

bool is_better(const Certificate& one, const Certificate& other, long long now) {
  return std::tuple(class_of(one, now), one.expires_at) > std::tuple(class_of(other, now), other.expires_at);
}

}  // namespace

CertificateSet::CertificateSet(std::vector<Certificate> certificates, long long now)
    : certificates_(std::move(certificates)), chosen_until_(now) {
  choose_at(now);
}

void CertificateSet::choose_at(long long now) {
  if (now < chosen_until_) return;
  chosen_until_ = std::numeric_limits<long long>::max();
  by_name_.clear();
  for (size_t number = 0; number < certificates_.size(); ++number) {
    const Certificate& certificate = certificates_[number];
    for (const std::string& name : certificate.names) choose(name, number, now);
    for (const long long turn : {certificate.begins_at, certificate.expires_at}) {
      if (turn > now) chosen_until_ = std::min(chosen_until_, turn);
    }
  }
}

void CertificateSet::choose(const std::string& name, size_t number, long long now) {
  const auto [entry, is_new] = by_name_.try_emplace(name, Chosen{number, {}});
  if (is_new) return;
  Chosen& chosen = entry->second;
  const Certificate& candidate = certificates_[number];
  const auto same_kind = [&](size_t other) { return key_kind(certificates_[other]) == key_kind(candidate); };
  const size_t best = chosen.best;
  if (is_better(candidate, certificates_[best], now)) {
    chosen.best = number;
    // The former best is the best of its kind; where it is of this kind, another kind's stays.
    if (!same_kind(best)) chosen.other_kind = best;
  } else if (!same_kind(best) && (!chosen.other_kind || is_better(candidate, certificates_[*chosen.other_kind], now))) {
    chosen.other_kind = number;
  }
  const auto as_good = [&](size_t other) {
    return class_of(certificates_[other], now) == class_of(certificates_[chosen.best], now);
  };
  if (chosen.other_kind && !as_good(*chosen.other_kind)) chosen.other_kind.reset();
}

const CertificateSet::Chosen* CertificateSet::find(const std::string& name) const {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    // A wildcard stands for exactly one label (RFC 6125, 6.4.3).
    const size_t dot = name.find('.');
    if (dot == std::string::npos || dot == 0) return nullptr;
    found = by_name_.find('*' + name.substr(dot));
  }
  return found == by_name_.end() ? nullptr : &found->second;
}

// The first file's, or what has taken its place for its first name.
CertificateSet::Chosen CertificateSet::fallback() const {
  const std::vector<std::string>& names = certificates_.front().names;
  return names.empty() ? Chosen{} : by_name_.at(names.front());
}

const Certificate* CertificateSet::of_path(const std::string& path) const {
  const auto before = [](const Certificate& each, const std::string& to) { return each.path < to; };
  const auto found = std::lower_bound(certificates_.begin(), certificates_.end(), path, before);
  return found != certificates_.end() && found->path == path ? &*found : nullptr;
}

}  // namespace ingress::tls
