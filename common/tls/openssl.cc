#include "common/tls/openssl.h"

#include <openssl/err.h>

#include <string>
#include <vector>

namespace ingress::tls {

Error openssl_error(ErrorCode code, const char* otherwise) {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  Error error;
  error.code = code;
  error.context = reason != nullptr ? reason : otherwise;
  return error;
}

void configure(SSL_CTX* context, int least_version) {
  SSL_CTX_set_min_proto_version(context, least_version);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  // An idle session gives its record buffers (2 × 16 KiB) back.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  // Tickets carry the state of resumable sessions; a cache would hold it for sessions that never come back.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL");
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  // A key that is protected by a password cannot be read; nobody is there to be asked.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
}

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) continue;
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

}  // namespace ingress::tls
