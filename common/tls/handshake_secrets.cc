#include "common/tls/handshake_secrets.h"

#include <openssl/crypto.h>

#include "common/base/hex.h"
#include "common/tls/record_cipher.h"

namespace ingress::tls {
namespace {

constexpr std::string_view kOfClient = "CLIENT_TRAFFIC_SECRET_0 ";
constexpr std::string_view kOfServer = "SERVER_TRAFFIC_SECRET_0 ";

}  // namespace

void HandshakeSecrets::wipe() {
  OPENSSL_cleanse(&of_client_, sizeof of_client_);
  OPENSSL_cleanse(&of_server_, sizeof of_server_);
}

void HandshakeSecrets::take_line(std::string_view line) {
  const bool from_client = line.starts_with(kOfClient);
  if (!from_client && !line.starts_with(kOfServer)) return;
  const std::string_view digits = line.substr(line.rfind(' ') + 1);
  Secret& secret = from_client ? of_client_ : of_server_;
  secret.size = 0;
  if (digits.size() > 2 * kMaxSecretBytes || digits.size() % 2 != 0) return;
  for (size_t at = 0; at < digits.size(); at += 2) {
    secret.bytes[secret.size++] = static_cast<uint8_t>(hex_digit(digits[at]) << 4 | hex_digit(digits[at + 1]));
  }
}

void tell_secrets(SSL_CTX* context) {
  SSL_CTX_set_keylog_callback(context, [](const SSL* ssl, const char* line) {
    auto* const secrets = static_cast<HandshakeSecrets*>(SSL_get_app_data(ssl));
    if (secrets != nullptr) secrets->take_line(line);
  });
}

void note_secrets(SSL* ssl, HandshakeSecrets* to) { SSL_set_app_data(ssl, to); }

uint64_t count_sealed_records(Bytes records) {
  uint64_t count = 0;
  while (records.size() >= kRecordHeaderBytes) {
    const size_t size = kRecordHeaderBytes + get_u16(records.data() + 3);
    if (records[0] == kApplicationData) ++count;
    if (size > records.size()) break;
    records = records.subspan(size);
  }
  return count;
}

}  // namespace ingress::tls
