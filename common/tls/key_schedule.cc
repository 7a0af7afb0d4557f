#include "common/tls/key_schedule.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>
#include <string_view>

#include "common/base/bytes.h"
#include "common/tls/handshake_secrets.h"
#include "common/tls/hkdf_expand.h"
#include "common/tls/openssl.h"
#include "common/tls/provider.h"

namespace ingress::tls {
namespace {

constexpr char kNotOurs[] = "provider!=ingress";

using KdfContextPtr = std::unique_ptr<EVP_KDF_CTX, Free<EVP_KDF_CTX_free>>;

// OpenSSL's own: for extracting, and for what else the interface allows.
KdfContextPtr new_openssl_context() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, kNotOurs);
  return KdfContextPtr(kdf == nullptr ? nullptr : EVP_KDF_CTX_new(kdf));
}

// `openssl` holds parameters that came before the derivation; null where none did.
struct KdfContext {
  KdfContextPtr openssl;
};

KdfContext* context_of(void* raw) { return static_cast<KdfContext*>(raw); }

// What libssl asks for. The spans are of the parameters.
struct Request {
  bool expand_only = false;
  std::string_view digest;
  std::string_view prefix;
  std::string_view label;
  Bytes key;
  Bytes data;
};

Bytes octets(const OSSL_PARAM& parameter) {
  const auto* const bytes = static_cast<const uint8_t*>(parameter.data);
  return parameter.data_type == OSSL_PARAM_OCTET_STRING && bytes != nullptr ? Bytes(bytes, parameter.data_size)
                                                                            : Bytes();
}

std::string_view text(const OSSL_PARAM& parameter) {
  const auto* const chars = static_cast<const char*>(parameter.data);
  return parameter.data_type == OSSL_PARAM_UTF8_STRING && chars != nullptr ? std::string_view(chars)
                                                                           : std::string_view();
}

bool is_expand_only(const OSSL_PARAM& parameter) {
  int mode = -1;
  return parameter.data_type == OSSL_PARAM_INTEGER && OSSL_PARAM_get_int(&parameter, &mode) == 1 &&
         mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY;
}

Request read_request(const OSSL_PARAM parameters[]) {
  Request request;
  for (const OSSL_PARAM* each = parameters; each != nullptr && each->key != nullptr; ++each) {
    const std::string_view name = each->key;
    if (name == OSSL_KDF_PARAM_MODE) request.expand_only = is_expand_only(*each);
    if (name == OSSL_KDF_PARAM_DIGEST) request.digest = text(*each);
    if (name == OSSL_KDF_PARAM_KEY) request.key = octets(*each);
    if (name == OSSL_KDF_PARAM_PREFIX) request.prefix = as_text(octets(*each));
    if (name == OSSL_KDF_PARAM_LABEL) request.label = as_text(octets(*each));
    if (name == OSSL_KDF_PARAM_DATA) request.data = octets(*each);
  }
  return request;
}

// 0 for a hash that is left to OpenSSL.
size_t hash_bytes(std::string_view digest) {
  if (digest == "SHA2-256" || digest == "SHA256") return kSha256Bytes;
  if (digest == "SHA2-384" || digest == "SHA384") return kSha384Bytes;
  return 0;
}

// An expansion to one block, as every one of a handshake is.
bool is_ours(const Request& request, size_t hash, size_t size) {
  return request.expand_only && hash != 0 && request.key.size() == hash && size <= hash && request.prefix == "tls13 " &&
         request.label.size() <= kMaxLabelBytes && request.data.size() <= kMaxContextBytes;
}

bool derive_by_openssl(KdfContext& context, MutableBytes to, const OSSL_PARAM parameters[]) {
  if (context.openssl == nullptr) context.openssl = new_openssl_context();
  return context.openssl != nullptr && EVP_KDF_derive(context.openssl.get(), to.data(), to.size(), parameters) == 1;
}

void* new_context(void*) { return new KdfContext(); }
void free_context(void* raw) { delete context_of(raw); }
void reset(void* raw) { context_of(raw)->openssl.reset(); }

int set_parameters(void* raw, const OSSL_PARAM parameters[]) {
  KdfContext& context = *context_of(raw);
  if (parameters == nullptr) return 1;
  if (context.openssl == nullptr) context.openssl = new_openssl_context();
  return context.openssl != nullptr ? EVP_KDF_CTX_set_params(context.openssl.get(), parameters) : 0;
}

const OSSL_PARAM* settable_parameters(void*, void*) {
  static const KdfContextPtr openssl = new_openssl_context();
  return openssl != nullptr ? EVP_KDF_CTX_settable_params(openssl.get()) : nullptr;
}

int derive(void* raw, unsigned char* out, size_t size, const OSSL_PARAM parameters[]) {
  KdfContext& context = *context_of(raw);
  const Request request = read_request(parameters);
  const size_t hash = context.openssl == nullptr ? hash_bytes(request.digest) : 0;
  const bool made = is_ours(request, hash, size)
                        ? expand_label(hash, request.key, request.label, request.data, {out, size})
                        : derive_by_openssl(context, {out, size}, parameters);
  if (made) ToldSecrets::tell(request.label, {out, size});
  return made ? 1 : 0;
}

template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

}  // namespace

const OSSL_ALGORITHM* key_schedule_algorithms() {
  static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_KDF_NEWCTX, new_context),
                                            entry(OSSL_FUNC_KDF_FREECTX, free_context),
                                            entry(OSSL_FUNC_KDF_RESET, reset),
                                            entry(OSSL_FUNC_KDF_DERIVE, derive),
                                            entry(OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, settable_parameters),
                                            entry(OSSL_FUNC_KDF_SET_CTX_PARAMS, set_parameters),
                                            {0, nullptr}};
  static const OSSL_ALGORITHM kdfs[] = {{OSSL_KDF_NAME_TLS1_3_KDF, kProviderDefinition, functions, nullptr},
                                        {nullptr, nullptr, nullptr, nullptr}};
  return kdfs;
}

}  // namespace ingress::tls
