#include "common/tls/vaes_gcm.h"

// Global in the archive, but in no header of it; cmake/ingress_dependencies.cmake has tried whether they are there.
extern "C" {
void aes_keyexp_128_enc_avx512(const void* key, void* round_keys);
void aes_keyexp_256_enc_avx512(const void* key, void* round_keys);
void aes_gcm_precomp_128_vaes_avx512(gcm_key_data*);
void aes_gcm_precomp_256_vaes_avx512(gcm_key_data*);
void aes_gcm_init_128_vaes_avx512(const gcm_key_data*, gcm_context_data*, const uint8_t*, const uint8_t*, uint64_t);
void aes_gcm_init_256_vaes_avx512(const gcm_key_data*, gcm_context_data*, const uint8_t*, const uint8_t*, uint64_t);
void aes_gcm_enc_128_update_vaes_avx512(const gcm_key_data*, gcm_context_data*, uint8_t*, const uint8_t*, uint64_t);
void aes_gcm_enc_256_update_vaes_avx512(const gcm_key_data*, gcm_context_data*, uint8_t*, const uint8_t*, uint64_t);
void aes_gcm_dec_128_update_vaes_avx512(const gcm_key_data*, gcm_context_data*, uint8_t*, const uint8_t*, uint64_t);
void aes_gcm_dec_256_update_vaes_avx512(const gcm_key_data*, gcm_context_data*, uint8_t*, const uint8_t*, uint64_t);
void aes_gcm_enc_128_finalize_vaes_avx512(const gcm_key_data*, gcm_context_data*, uint8_t*, uint64_t);
void aes_gcm_enc_256_finalize_vaes_avx512(const gcm_key_data*, gcm_context_data*, uint8_t*, uint64_t);
void aes_gcm_dec_128_finalize_vaes_avx512(const gcm_key_data*, gcm_context_data*, uint8_t*, uint64_t);
void aes_gcm_dec_256_finalize_vaes_avx512(const gcm_key_data*, gcm_context_data*, uint8_t*, uint64_t);
}

namespace ingress::tls {

const VaesGcm kVaesGcm128{aes_keyexp_128_enc_avx512,
                          aes_gcm_precomp_128_vaes_avx512,
                          aes_gcm_init_128_vaes_avx512,
                          aes_gcm_enc_128_update_vaes_avx512,
                          aes_gcm_dec_128_update_vaes_avx512,
                          aes_gcm_enc_128_finalize_vaes_avx512,
                          aes_gcm_dec_128_finalize_vaes_avx512,
                          16};

const VaesGcm kVaesGcm256{aes_keyexp_256_enc_avx512,
                          aes_gcm_precomp_256_vaes_avx512,
                          aes_gcm_init_256_vaes_avx512,
                          aes_gcm_enc_256_update_vaes_avx512,
                          aes_gcm_dec_256_update_vaes_avx512,
                          aes_gcm_enc_256_finalize_vaes_avx512,
                          aes_gcm_dec_256_finalize_vaes_avx512,
                          32};

bool vaes_gcm_runs_here() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("vaes") &&
         __builtin_cpu_supports("vpclmulqdq");
}

}  // namespace ingress::tls
