#include <openssl/crypto.h>

#include "common/tls/gcm_keys.h"
#include "common/tls/gcm_provider.h"
#include "common/tls/record_cipher.h"

namespace ingress::tls {
namespace {

class VaesRecordCipher final : public RecordCipher {
 public:
  explicit VaesRecordCipher(const VaesGcm& routines) : secret_(routines) {}

  bool set_key(Bytes key) { return secret_.set(key); }

  bool seal(const uint8_t* nonce, const uint8_t* header, Bytes content, uint8_t type, uint8_t* to) override {
    const VaesGcm& routines = secret_.routines();
    const gcm_key_data* const key = secret_.expanded();
    gcm_context_data message;
    routines.start(key, &message, nonce, header, kRecordHeaderBytes);
    routines.encrypt(key, &message, to, content.data(), content.size());
    routines.encrypt(key, &message, to + content.size(), &type, 1);
    routines.finish_encrypt(key, &message, to + content.size() + 1, kTagBytes);
    OPENSSL_cleanse(&message, sizeof message);
    return true;
  }

  bool open(const uint8_t* nonce, const uint8_t* header, Bytes sealed, uint8_t* to) override {
    const VaesGcm& routines = secret_.routines();
    const gcm_key_data* const key = secret_.expanded();
    const size_t size = sealed.size() - kTagBytes;
    uint8_t tag[kTagBytes];
    gcm_context_data message;
    routines.start(key, &message, nonce, header, kRecordHeaderBytes);
    routines.decrypt(key, &message, to, sealed.data(), size);
    routines.finish_decrypt(key, &message, tag, kTagBytes);
    OPENSSL_cleanse(&message, sizeof message);
    return CRYPTO_memcmp(tag, sealed.data() + size, kTagBytes) == 0;
  }

 private:
  GcmSecret secret_;
};

}  // namespace

std::unique_ptr<RecordCipher> new_vaes_record_cipher(Bytes key) {
  if (aes_gcm_algorithms() == nullptr) return nullptr;
  auto cipher = std::make_unique<VaesRecordCipher>(key.size() == 16 ? kVaesGcm128 : kVaesGcm256);
  if (!cipher->set_key(key)) return nullptr;
  return cipher;
}

}  // namespace ingress::tls
