#include "common/tls/vaes_gcm.h"

#include <cpuid.h>

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

namespace {

// By the processor's own word: clang 14's __builtin_cpu_supports knows neither.
bool has_wide_aes() {
  constexpr unsigned kVaes = 1u << 9;
  constexpr unsigned kVpclmulqdq = 1u << 10;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (ecx & kVaes) != 0 && (ecx & kVpclmulqdq) != 0;
}

}  // namespace

// For AVX-512 the builtin also asks whether the kernel saves the registers.
bool vaes_gcm_runs_here() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && has_wide_aes();
}

}  // namespace ingress::tls
