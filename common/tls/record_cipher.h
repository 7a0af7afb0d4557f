// AES-GCM over whole records of TLS 1.3 (RFC 8446, 5.2), from one buffer into another. Private to common/tls.
#pragma once

#include <cstdint>
#include <memory>

#include "common/base/bytes.h"

namespace ingress::tls {

constexpr size_t kRecordHeaderBytes = 5;
constexpr size_t kTagBytes = 16;
constexpr size_t kNonceBytes = 12;

// ContentType (RFC 8446, B.1).
enum ContentType : uint8_t { kAlert = 21, kHandshake = 22, kApplicationData = 23 };

// One key and one direction. The nonce has kNonceBytes, the header kRecordHeaderBytes; a nonce serves one record.
class RecordCipher {
 public:
  RecordCipher() = default;
  RecordCipher(const RecordCipher&) = delete;
  RecordCipher& operator=(const RecordCipher&) = delete;
  virtual ~RecordCipher() = default;

  // Writes content, type and tag, encrypted: content.size() + 1 + kTagBytes to `to`, which does not overlap.
  virtual bool seal(const uint8_t* nonce, const uint8_t* header, Bytes content, uint8_t type, uint8_t* to) = 0;
  // Writes sealed.size() - kTagBytes to `to`, which does not overlap. False where the tag is wrong: then what was
  // written is not to be used. `sealed` has kTagBytes or more.
  virtual bool open(const uint8_t* nonce, const uint8_t* header, Bytes sealed, uint8_t* to) = 0;
};

// The fastest that there is here; nullptr where OpenSSL fails. `name` is "AES-128-GCM" or "AES-256-GCM".
std::unique_ptr<RecordCipher> new_record_cipher(const char* name, Bytes key, bool sealing);

// By ipsec-mb; nullptr where it is not to be used (gcm_provider.h).
std::unique_ptr<RecordCipher> new_vaes_record_cipher(Bytes key);

}  // namespace ingress::tls
