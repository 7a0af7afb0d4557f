#include "common/tls/traffic_secret.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <memory>

#include "common/tls/openssl.h"

namespace ingress::tls {
namespace {

using MacContextPtr = std::unique_ptr<EVP_MAC_CTX, Free<EVP_MAC_CTX_free>>;

// HMAC by a digest, without a key. Copies of it cost less than fetching the two anew.
EVP_MAC_CTX* new_hmac(const char* digest) {
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* const context = EVP_MAC_CTX_new(mac);
  EVP_MAC_free(mac);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest), 0),
      OSSL_PARAM_construct_end()};
  if (context != nullptr && EVP_MAC_CTX_set_params(context, parameters) == 1) return context;
  EVP_MAC_CTX_free(context);
  return nullptr;
}

MacContextPtr hmac_of(const RecordSuite& suite) {
  static const EVP_MAC_CTX* const sha256 = new_hmac("SHA256");
  static const EVP_MAC_CTX* const sha384 = new_hmac("SHA384");
  const EVP_MAC_CTX* const of_suite = suite.secret_size == 32 ? sha256 : sha384;
  return MacContextPtr(of_suite == nullptr ? nullptr : EVP_MAC_CTX_dup(of_suite));
}

// HkdfLabel (RFC 8446, 7.1) with an empty context, and the counter of the first and only block (RFC 5869, 2.3).
size_t write_info(std::string_view label, size_t size, uint8_t* to) {
  constexpr std::string_view kPrefix = "tls13 ";
  put_u16(to, static_cast<uint32_t>(size));
  to[2] = static_cast<uint8_t>(kPrefix.size() + label.size());
  std::copy(kPrefix.begin(), kPrefix.end(), to + 3);
  uint8_t* const end = std::copy(label.begin(), label.end(), to + 3 + kPrefix.size());
  end[0] = 0;
  end[1] = 1;
  return static_cast<size_t>(end + 2 - to);
}

}  // namespace

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
  uint8_t info[64];
  assert(label.size() < 32 && to.size() <= suite_->secret_size);
  const size_t info_size = write_info(label, to.size(), info);
  const MacContextPtr mac = hmac_of(*suite_);
  uint8_t block[kMaxSecretBytes];
  size_t size = 0;
  const bool made = mac != nullptr && EVP_MAC_init(mac.get(), secret_, suite_->secret_size, nullptr) == 1 &&
                    EVP_MAC_update(mac.get(), info, info_size) == 1 &&
                    EVP_MAC_final(mac.get(), block, &size, sizeof block) == 1;
  if (made) std::copy_n(block, to.size(), to.data());
  OPENSSL_cleanse(block, sizeof block);
  return made;
}

bool TrafficSecret::step() {
  uint8_t next[kMaxSecretBytes];
  const bool made = expand("traffic upd", {next, suite_->secret_size});
  if (made) std::copy_n(next, suite_->secret_size, secret_);
  OPENSSL_cleanse(next, sizeof next);
  return made;
}

}  // namespace ingress::tls
