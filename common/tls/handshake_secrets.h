// The two secrets of application data, which OpenSSL tells by its key log and in no other way. They stay in memory, and
// go with the handshake. Private to common/tls.
#pragma once

#include <openssl/ssl.h>

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

  // A line "LABEL CLIENT_RANDOM SECRET" (the NSS key log); other labels are passed over.
  void take_line(std::string_view line);

 private:
  struct Secret {
    uint8_t bytes[kMaxSecretBytes];
    uint8_t size = 0;
  };

  Secret of_client_;
  Secret of_server_;
};

// Has every session of the context tell its secrets, where note_secrets said to whom.
void tell_secrets(SSL_CTX* context);
// Until the handshake is over; `to` outlives it.
void note_secrets(SSL* ssl, HandshakeSecrets* to);

// Records of type application_data in what a handshake wrote.
uint64_t count_sealed_records(Bytes records);

}  // namespace ingress::tls
