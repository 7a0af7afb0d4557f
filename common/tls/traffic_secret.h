// The secrets of TLS 1.3 that application data is protected by, and what is made of them (RFC 8446, 7.1 to 7.3).
// Private to common/tls.
#pragma once

#include <cstdint>

#include "common/base/bytes.h"

namespace ingress::tls {

// A cipher suite whose records common/tls protects itself.
struct RecordSuite {
  uint16_t id;         // RFC 8446, B.4
  const char* digest;  // OpenSSL's names
  const char* cipher;
  uint8_t secret_size;
  uint8_t key_size;
};

// nullptr for a suite whose records are left to OpenSSL.
const RecordSuite* record_suite(uint16_t id);

constexpr size_t kMaxSecretBytes = 48;

class TrafficSecret {
 public:
  // `secret` has the suite's secret_size. The suite is one of record_suite's, which live for ever.
  TrafficSecret(const RecordSuite& suite, Bytes secret);
  TrafficSecret(const TrafficSecret&) = delete;
  TrafficSecret& operator=(const TrafficSecret&) = delete;
  ~TrafficSecret();  // wipes

  const RecordSuite& suite() const { return *suite_; }
  // HKDF-Expand-Label with an empty context, of secret_size bytes at most; `label` without the prefix. False where
  // OpenSSL fails.
  bool expand(std::string_view label, MutableBytes to) const;
  // The secret of the generation after this one (a KeyUpdate).
  bool step();

 private:
  const RecordSuite* suite_;
  uint8_t secret_[kMaxSecretBytes];
};

}  // namespace ingress::tls
