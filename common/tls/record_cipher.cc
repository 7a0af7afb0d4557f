#include "common/tls/record_cipher.h"

#include <openssl/evp.h>

#include <utility>

#include "common/tls/openssl.h"

namespace ingress::tls {
namespace {

using CipherPtr = std::unique_ptr<EVP_CIPHER, Free<EVP_CIPHER_free>>;
using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>>;

int as_int(size_t size) { return static_cast<int>(size); }

class OpensslRecordCipher final : public RecordCipher {
 public:
  explicit OpensslRecordCipher(CipherContextPtr context) : context_(std::move(context)) {}

  bool seal(const uint8_t* nonce, const uint8_t* header, Bytes content, uint8_t type, uint8_t* to) override {
    EVP_CIPHER_CTX* const context = context_.get();
    int size = 0;
    return begin(nonce, header) && EVP_EncryptUpdate(context, to, &size, content.data(), as_int(content.size())) == 1 &&
           EVP_EncryptUpdate(context, to + content.size(), &size, &type, 1) == 1 &&
           EVP_EncryptFinal_ex(context, to + content.size() + 1, &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, to + content.size() + 1) == 1;
  }

  bool open(const uint8_t* nonce, const uint8_t* header, Bytes sealed, uint8_t* to) override {
    EVP_CIPHER_CTX* const context = context_.get();
    const Bytes inner = sealed.first(sealed.size() - kTagBytes);
    auto* const tag = const_cast<uint8_t*>(sealed.data() + inner.size());
    int size = 0;
    return begin(nonce, header) && EVP_DecryptUpdate(context, to, &size, inner.data(), as_int(inner.size())) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1 &&
           EVP_DecryptFinal_ex(context, to + inner.size(), &size) == 1;
  }

 private:
  bool begin(const uint8_t* nonce, const uint8_t* header) {
    int size = 0;
    return EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, nonce, -1, nullptr) == 1 &&
           EVP_CipherUpdate(context_.get(), nullptr, &size, header, kRecordHeaderBytes) == 1;
  }

  CipherContextPtr context_;
};

}  // namespace

std::unique_ptr<RecordCipher> new_record_cipher(const char* name, Bytes key, bool sealing) {
  if (std::unique_ptr<RecordCipher> vaes = new_vaes_record_cipher(key)) return vaes;
  const CipherPtr cipher(EVP_CIPHER_fetch(nullptr, name, nullptr));
  CipherContextPtr context(EVP_CIPHER_CTX_new());
  if (cipher == nullptr || context == nullptr) return nullptr;
  if (EVP_CipherInit_ex2(context.get(), cipher.get(), key.data(), nullptr, sealing ? 1 : 0, nullptr) != 1)
    return nullptr;
  return std::make_unique<OpensslRecordCipher>(std::move(context));
}

}  // namespace ingress::tls
