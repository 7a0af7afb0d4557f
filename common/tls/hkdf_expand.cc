#include "common/tls/hkdf_expand.h"

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

MacContextPtr hmac_of(size_t hash_bytes) {
  static const EVP_MAC_CTX* const sha256 = new_hmac("SHA256");
  static const EVP_MAC_CTX* const sha384 = new_hmac("SHA384");
  const EVP_MAC_CTX* const of_hash = hash_bytes == kSha256Bytes ? sha256 : sha384;
  return MacContextPtr(of_hash == nullptr ? nullptr : EVP_MAC_CTX_dup(of_hash));
}

constexpr std::string_view kPrefix = "tls13 ";
constexpr size_t kMaxInfoBytes = 2 + 1 + kPrefix.size() + kMaxLabelBytes + 1 + kMaxContextBytes + 1;

// HkdfLabel (RFC 8446, 7.1), and the counter of the first and only block (RFC 5869, 2.3).
size_t write_info(std::string_view label, Bytes context, size_t size, uint8_t* to) {
  put_u16(to, static_cast<uint32_t>(size));
  to[2] = static_cast<uint8_t>(kPrefix.size() + label.size());
  uint8_t* at = std::copy(kPrefix.begin(), kPrefix.end(), to + 3);
  at = std::copy(label.begin(), label.end(), at);
  *at++ = static_cast<uint8_t>(context.size());
  at = std::copy(context.begin(), context.end(), at);
  *at++ = 1;
  return static_cast<size_t>(at - to);
}

}  // namespace

bool expand_label(size_t hash_bytes, Bytes secret, std::string_view label, Bytes context, MutableBytes to) {
  assert(label.size() <= kMaxLabelBytes && context.size() <= kMaxContextBytes && to.size() <= hash_bytes);
  uint8_t info[kMaxInfoBytes];
  const size_t info_size = write_info(label, context, to.size(), info);
  const MacContextPtr mac = hmac_of(hash_bytes);
  uint8_t block[kSha384Bytes];
  size_t size = 0;
  const bool made = mac != nullptr && EVP_MAC_init(mac.get(), secret.data(), secret.size(), nullptr) == 1 &&
                    EVP_MAC_update(mac.get(), info, info_size) == 1 &&
                    EVP_MAC_final(mac.get(), block, &size, sizeof block) == 1;
  if (made) std::copy_n(block, to.size(), to.data());
  OPENSSL_cleanse(block, sizeof block);
  return made;
}

}  // namespace ingress::tls
