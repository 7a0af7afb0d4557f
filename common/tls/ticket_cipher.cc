#include "common/tls/ticket_cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>

namespace ingress::tls {
namespace {

constexpr int kFailed = -1;
constexpr int kNoKey = 0;
constexpr int kGood = 1;
constexpr int kRenew = 2;

// Named once: each use of EVP_aes_256_cbc() looks it up anew.
const EVP_CIPHER* aes_256_cbc() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

bool start_mac(TicketKey& key, EVP_MAC_CTX* mac) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

}  // namespace

int seal_ticket(const TicketKeyMemory& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                EVP_MAC_CTX* mac) {
  std::optional<TicketKey> key = keys.newest();
  if (!key) return kNoKey;
  const EVP_CIPHER* const aes = aes_256_cbc();
  std::copy(key->name.begin(), key->name.end(), name);
  const bool sealed = RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) == 1 &&
                      EVP_EncryptInit_ex2(cipher, aes, key->cipher.data(), iv, nullptr) == 1 && start_mac(*key, mac);
  OPENSSL_cleanse(&*key, sizeof *key);
  return sealed ? kGood : kFailed;
}

int open_ticket(const TicketKeyMemory& keys, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                EVP_MAC_CTX* mac) {
  std::optional<TicketKeyMemory::Found> found =
      keys.find(std::span<const uint8_t, TicketKey::kNameBytes>(name, TicketKey::kNameBytes));
  if (!found) return kNoKey;
  const bool opened = EVP_DecryptInit_ex2(cipher, aes_256_cbc(), found->key.cipher.data(), iv, nullptr) == 1 &&
                      start_mac(found->key, mac);
  const bool newest = found->newest;
  OPENSSL_cleanse(&found->key, sizeof found->key);
  if (!opened) return kFailed;
  return newest ? kGood : kRenew;
}

}  // namespace ingress::tls
