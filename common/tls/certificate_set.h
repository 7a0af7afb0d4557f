// A set of certificates and which of them serves each name. Private to common/tls. Thread: its owner's.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/tls/tls_context.h"

namespace ingress::tls {

class CertificateSet {
 public:
  // By their numbers in certificates().
  struct Chosen {
    size_t best = 0;
    std::optional<size_t> other_kind;  // the best with another kind of key, where it is as good
  };

  CertificateSet() = default;
  // In the order of their paths; `now`: Unix seconds.
  CertificateSet(std::vector<Certificate> certificates, long long now);

  // Chooses anew where a certificate began or ended by `now`.
  void choose_at(long long now);
  // `name`: lower case, without a trailing dot. Valid until the next choice.
  const Chosen* find(const std::string& name) const;
  // What serves the names that none has; not of an empty set.
  Chosen fallback() const;
  const Certificate* of_path(const std::string& path) const;
  const Certificate& operator[](size_t number) const { return certificates_[number]; }
  const std::vector<Certificate>& certificates() const { return certificates_; }

 private:
  void choose(const std::string& name, size_t number, long long now);

  std::vector<Certificate> certificates_;
  std::unordered_map<std::string, Chosen> by_name_;  // wildcards under "*.domain"
  long long chosen_until_ = std::numeric_limits<long long>::max();
};

}  // namespace ingress::tls
