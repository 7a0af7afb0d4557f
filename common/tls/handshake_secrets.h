// The two secrets of application data, as the key schedule (key_schedule.h) makes them. They stay in memory, and go
// with the handshake. Private to common/tls.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/bytes.h"
#include "common/tls/traffic_secret.h"

namespace ingress::tls {

class HandshakeSecrets {
 public:
  HandshakeSecrets() = default;
  HandshakeSecrets(const HandshakeSecrets&) = delete;
  HandshakeSecrets& operator=(const HandshakeSecrets&) = delete;
  ~HandshakeSecrets() { wipe(); }

  bool complete(size_t secret_size) const { return of_client_.size == secret_size && of_server_.size == secret_size; }
  Bytes of_client() const { return {of_client_.bytes, of_client_.size}; }
  Bytes of_server() const { return {of_server_.bytes, of_server_.size}; }
  void wipe();

  // A secret of the key schedule by its label (RFC 8446, 7.1) without the prefix; other labels are passed over.
  void take(std::string_view label, Bytes secret);

 private:
  struct Secret {
    uint8_t bytes[kMaxSecretBytes];
    uint8_t size = 0;
  };

  Secret of_client_;
  Secret of_server_;
};

// Whose secrets the key schedule tells: of the one handshake that goes on, on this thread, while the object lives.
class ToldSecrets {
 public:
  explicit ToldSecrets(HandshakeSecrets& to);
  ToldSecrets(const ToldSecrets&) = delete;
  ToldSecrets& operator=(const ToldSecrets&) = delete;
  ~ToldSecrets();

  // Does nothing where no handshake goes on.
  static void tell(std::string_view label, Bytes secret);
};

// Records of type application_data in what a handshake wrote.
uint64_t count_sealed_records(Bytes records);

}  // namespace ingress::tls
