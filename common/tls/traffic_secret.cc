#include "common/tls/traffic_secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cassert>

#include "common/tls/hkdf_expand.h"

namespace ingress::tls {

const RecordSuite* record_suite(uint16_t id) {
  static constexpr RecordSuite kSuites[] = {{0x1301, "SHA256", "AES-128-GCM", 32, 16},
                                            {0x1302, "SHA384", "AES-256-GCM", 48, 32}};
  const auto* const found =
      std::find_if(std::begin(kSuites), std::end(kSuites), [id](const RecordSuite& suite) { return suite.id == id; });
  return found == std::end(kSuites) ? nullptr : found;
}

TrafficSecret::TrafficSecret(const RecordSuite& suite, Bytes secret) : suite_(&suite) {
  assert(secret.size() == suite.secret_size);
  std::copy_n(secret.data(), suite.secret_size, secret_);
}

TrafficSecret::~TrafficSecret() { OPENSSL_cleanse(secret_, sizeof secret_); }

bool TrafficSecret::expand(std::string_view label, MutableBytes to) const {
  return expand_label(suite_->secret_size, {secret_, suite_->secret_size}, label, {}, to);
}

bool TrafficSecret::step() {
  uint8_t next[kMaxSecretBytes];
  const bool made = expand("traffic upd", {next, suite_->secret_size});
  if (made) std::copy_n(next, suite_->secret_size, secret_);
  OPENSSL_cleanse(next, sizeof next);
  return made;
}

}  // namespace ingress::tls
