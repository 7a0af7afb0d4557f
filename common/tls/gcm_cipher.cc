#include "common/tls/gcm_cipher.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

#include <cstring>
#include <new>

#include "common/tls/gcm_state.h"

namespace ingress::tls {
namespace {

GcmState& state_of(void* context) { return *static_cast<GcmState*>(context); }

int refuse(int reason) {
  ERR_raise(ERR_LIB_PROV, reason);
  return 0;
}

template <const VaesGcm& kRoutines>
void* new_context(void*) {
  return new (std::nothrow) GcmState(kRoutines);
}

void free_context(void* context) { delete static_cast<GcmState*>(context); }
void* copy_context(void* context) { return new (std::nothrow) GcmState(state_of(context)); }

// --- parameters of a context ---

Bytes octets_of(const OSSL_PARAM& param) {
  if (param.data_type != OSSL_PARAM_OCTET_STRING || param.data == nullptr) return {};
  return {static_cast<const uint8_t*>(param.data), param.data_size};
}

int set_nonce_size(GcmState&, const OSSL_PARAM& param) {
  size_t size = 0;
  const bool good = OSSL_PARAM_get_size_t(&param, &size) == 1 && size == GcmState::kNonceSize;
  return good ? 1 : refuse(PROV_R_INVALID_IV_LENGTH);
}

int set_tag(GcmState& state, const OSSL_PARAM& param) {
  return state.set_tag(octets_of(param)) ? 1 : refuse(PROV_R_INVALID_TAG);
}

int set_tls_aad(GcmState& state, const OSSL_PARAM& param) {
  return state.set_tls_aad(octets_of(param)) ? 1 : refuse(PROV_R_INVALID_AAD);
}

int set_tls_fixed(GcmState& state, const OSSL_PARAM& param) {
  return state.set_tls_fixed(octets_of(param)) ? 1 : refuse(PROV_R_INVALID_IV_LENGTH);
}

int take_tls_nonce(GcmState& state, const OSSL_PARAM& param) {
  return state.take_tls_nonce(octets_of(param)) ? 1 : refuse(PROV_R_INVALID_IV_LENGTH);
}

struct Setter {
  const char* name;
  int (*set)(GcmState&, const OSSL_PARAM&);
};
constexpr Setter kSetters[] = {{OSSL_CIPHER_PARAM_AEAD_TAG, set_tag},
                               {OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, set_tls_aad},
                               {OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, set_tls_fixed},
                               {OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV, take_tls_nonce},
                               {OSSL_CIPHER_PARAM_IVLEN, set_nonce_size}};

int set_context_params(void* context, const OSSL_PARAM params[]) {
  for (const OSSL_PARAM* param = params; param != nullptr && param->key != nullptr; ++param) {
    for (const Setter& setter : kSetters) {
      if (std::strcmp(param->key, setter.name) != 0) continue;
      if (setter.set(state_of(context), *param) == 0) return 0;
    }
  }
  return 1;
}

int get_tag(GcmState& state, OSSL_PARAM& param) {
  if (param.data_type != OSSL_PARAM_OCTET_STRING || param.data == nullptr) return refuse(PROV_R_INVALID_TAG);
  if (!state.get_tag({static_cast<uint8_t*>(param.data), param.data_size})) return refuse(PROV_R_TAG_NOT_SET);
  param.return_size = param.data_size;
  return 1;
}

int next_tls_nonce(GcmState& state, OSSL_PARAM& param) {
  if (param.data_type != OSSL_PARAM_OCTET_STRING || param.data == nullptr) return refuse(PROV_R_INVALID_IV_LENGTH);
  const bool good = state.next_tls_nonce({static_cast<uint8_t*>(param.data), param.data_size});
  return good ? 1 : refuse(PROV_R_INVALID_IV_LENGTH);
}

int get_nonce(GcmState& state, OSSL_PARAM& param) {
  const Bytes nonce = state.nonce();
  return OSSL_PARAM_set_octet_string(&param, nonce.data(), nonce.size());
}

int get_key_size(GcmState& state, OSSL_PARAM& param) { return OSSL_PARAM_set_size_t(&param, state.key_size()); }
int get_nonce_size(GcmState&, OSSL_PARAM& param) { return OSSL_PARAM_set_size_t(&param, GcmState::kNonceSize); }
int get_tag_size(GcmState& state, OSSL_PARAM& param) { return OSSL_PARAM_set_size_t(&param, state.tag_size()); }
int get_tls_pad(GcmState&, OSSL_PARAM& param) { return OSSL_PARAM_set_size_t(&param, GcmState::kTagSize); }

struct Getter {
  const char* name;
  int (*get)(GcmState&, OSSL_PARAM&);
};
constexpr Getter kGetters[] = {{OSSL_CIPHER_PARAM_AEAD_TAG, get_tag},
                               {OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD, get_tls_pad},
                               {OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN, next_tls_nonce},
                               {OSSL_CIPHER_PARAM_IVLEN, get_nonce_size},
                               {OSSL_CIPHER_PARAM_KEYLEN, get_key_size},
                               {OSSL_CIPHER_PARAM_AEAD_TAGLEN, get_tag_size},
                               {OSSL_CIPHER_PARAM_IV, get_nonce},
                               {OSSL_CIPHER_PARAM_UPDATED_IV, get_nonce}};

int get_context_params(void* context, OSSL_PARAM params[]) {
  for (OSSL_PARAM* param = params; param != nullptr && param->key != nullptr; ++param) {
    for (const Getter& getter : kGetters) {
      if (std::strcmp(param->key, getter.name) != 0) continue;
      if (getter.get(state_of(context), *param) == 0) return 0;
    }
  }
  return 1;
}

const OSSL_PARAM* settable_context_params(void*, void*) {
  static const OSSL_PARAM list[] = {OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, nullptr, 0),
                                    OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, nullptr, 0),
                                    OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, nullptr, 0),
                                    OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV, nullptr, 0),
                                    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, nullptr),
                                    OSSL_PARAM_END};
  return list;
}

const OSSL_PARAM* gettable_context_params(void*, void*) {
  static const OSSL_PARAM list[] = {OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, nullptr, 0),
                                    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD, nullptr),
                                    OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN, nullptr, 0),
                                    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, nullptr),
                                    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, nullptr),
                                    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TAGLEN, nullptr),
                                    OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_IV, nullptr, 0),
                                    OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_UPDATED_IV, nullptr, 0),
                                    OSSL_PARAM_END};
  return list;
}

// --- parameters of the cipher ---

const OSSL_PARAM* gettable_params(void*) {
  static const OSSL_PARAM list[] = {OSSL_PARAM_uint(OSSL_CIPHER_PARAM_MODE, nullptr),
                                    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, nullptr),
                                    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, nullptr),
                                    OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_BLOCK_SIZE, nullptr),
                                    OSSL_PARAM_int(OSSL_CIPHER_PARAM_AEAD, nullptr),
                                    OSSL_PARAM_int(OSSL_CIPHER_PARAM_CUSTOM_IV, nullptr),
                                    OSSL_PARAM_END};
  return list;
}

bool put_size(OSSL_PARAM params[], const char* name, size_t value) {
  OSSL_PARAM* const param = OSSL_PARAM_locate(params, name);
  return param == nullptr || OSSL_PARAM_set_size_t(param, value) == 1;
}

bool put_int(OSSL_PARAM params[], const char* name, int value) {
  OSSL_PARAM* const param = OSSL_PARAM_locate(params, name);
  return param == nullptr || OSSL_PARAM_set_int(param, value) == 1;
}

// A block size of 1: the cipher gives out as many bytes as it takes.
template <const VaesGcm& kRoutines>
int get_params(OSSL_PARAM params[]) {
  OSSL_PARAM* const mode = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE);
  if (mode != nullptr && OSSL_PARAM_set_uint(mode, EVP_CIPH_GCM_MODE) != 1) return 0;
  const bool good = put_size(params, OSSL_CIPHER_PARAM_KEYLEN, kRoutines.key_size) &&
                    put_size(params, OSSL_CIPHER_PARAM_IVLEN, GcmState::kNonceSize) &&
                    put_size(params, OSSL_CIPHER_PARAM_BLOCK_SIZE, 1) && put_int(params, OSSL_CIPHER_PARAM_AEAD, 1) &&
                    put_int(params, OSSL_CIPHER_PARAM_CUSTOM_IV, 1);
  return good ? 1 : 0;
}

// --- messages ---

template <bool kEncrypt>
int begin(void* context, const uint8_t* key, size_t key_size, const uint8_t* nonce, size_t nonce_size,
          const OSSL_PARAM params[]) {
  GcmState& state = state_of(context);
  state.set_direction(kEncrypt);
  if (nonce != nullptr && !state.set_nonce({nonce, nonce_size})) return refuse(PROV_R_INVALID_IV_LENGTH);
  if (key != nullptr && !state.set_key({key, key_size})) return refuse(PROV_R_INVALID_KEY_LENGTH);
  return set_context_params(context, params);
}

// Additional data where `out` is null. `used` is what was taken, or what a whole TLS 1.2 record yields.
bool process(GcmState& state, uint8_t* out, size_t& used, Bytes in) {
  if (state.expects_tls_record()) {
    const bool in_place = out != nullptr && out == in.data();
    return state.tls_record(in_place ? MutableBytes(out, in.size()) : MutableBytes(), used);
  }
  used = in.size();
  return out == nullptr ? state.add_aad(in) : state.update(out, in);
}

int update(void* context, uint8_t* out, size_t* out_size, size_t room, const uint8_t* in, size_t size) {
  *out_size = 0;
  if (size == 0) return 1;
  if (out != nullptr && room < size) return refuse(PROV_R_OUTPUT_BUFFER_TOO_SMALL);
  if (process(state_of(context), out, *out_size, {in, size})) return 1;
  *out_size = 0;
  return refuse(PROV_R_CIPHER_OPERATION_FAILED);
}

int finish(void* context, uint8_t*, size_t* out_size, size_t) {
  *out_size = 0;
  return state_of(context).finish() ? 1 : 0;
}

// EVP_Cipher: update, or final where there is no input.
int cipher(void* context, uint8_t* out, size_t* out_size, size_t room, const uint8_t* in, size_t size) {
  return in == nullptr ? finish(context, out, out_size, room) : update(context, out, out_size, room, in, size);
}

template <class Function>
void (*erased(Function* function))() {
  return reinterpret_cast<void (*)()>(function);
}

template <const VaesGcm& kRoutines>
const OSSL_DISPATCH* functions() {
  static const OSSL_DISPATCH table[] = {{OSSL_FUNC_CIPHER_NEWCTX, erased(new_context<kRoutines>)},
                                        {OSSL_FUNC_CIPHER_FREECTX, erased(free_context)},
                                        {OSSL_FUNC_CIPHER_DUPCTX, erased(copy_context)},
                                        {OSSL_FUNC_CIPHER_ENCRYPT_INIT, erased(begin<true>)},
                                        {OSSL_FUNC_CIPHER_DECRYPT_INIT, erased(begin<false>)},
                                        {OSSL_FUNC_CIPHER_UPDATE, erased(update)},
                                        {OSSL_FUNC_CIPHER_FINAL, erased(finish)},
                                        {OSSL_FUNC_CIPHER_CIPHER, erased(cipher)},
                                        {OSSL_FUNC_CIPHER_GET_PARAMS, erased(get_params<kRoutines>)},
                                        {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, erased(gettable_params)},
                                        {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, erased(get_context_params)},
                                        {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, erased(gettable_context_params)},
                                        {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, erased(set_context_params)},
                                        {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, erased(settable_context_params)},
                                        {0, nullptr}};
  return table;
}

}  // namespace

const OSSL_DISPATCH* aes_128_gcm_functions() { return functions<kVaesGcm128>(); }
const OSSL_DISPATCH* aes_256_gcm_functions() { return functions<kVaesGcm256>(); }

}  // namespace ingress::tls
