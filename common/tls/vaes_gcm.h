// AES-GCM by the AVX-512 forms of the AES and carry-less multiply instructions: the routines of Intel's ipsec-mb
// library (packages libipsec-mb-dev), linked from its archive without the library's manager, whose self tests and job
// queues nobody here needs. Stateless: everything is in the key and context that are passed in. Private to common/tls.
#pragma once

#include <intel-ipsec-mb.h>

#include <cstdint>

namespace ingress::tls {

// A key's round keys and powers of the hash key. The library needs 16-byte alignment.
struct alignas(16) GcmKey {
  gcm_key_data data;
};

struct VaesGcm {
  void (*expand)(const void* key, void* round_keys);
  void (*precompute)(gcm_key_data*);
  aes_gcm_init_t start;
  aes_gcm_enc_dec_update_t encrypt;
  aes_gcm_enc_dec_update_t decrypt;
  aes_gcm_enc_dec_finalize_t finish_encrypt;
  aes_gcm_enc_dec_finalize_t finish_decrypt;
  size_t key_size;
};

extern const VaesGcm kVaesGcm128;
extern const VaesGcm kVaesGcm256;

// Whether this processor (and the kernel, for the wide registers) can run them.
bool vaes_gcm_runs_here();

}  // namespace ingress::tls
