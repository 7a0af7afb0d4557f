#include "common/tls/handshake_secrets.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cassert>

#include "common/tls/record_cipher.h"

namespace ingress::tls {
namespace {

constexpr std::string_view kOfClient = "c ap traffic";
constexpr std::string_view kOfServer = "s ap traffic";

thread_local HandshakeSecrets* told_to = nullptr;

}  // namespace

void HandshakeSecrets::wipe() {
  OPENSSL_cleanse(&of_client_, sizeof of_client_);
  OPENSSL_cleanse(&of_server_, sizeof of_server_);
}

void HandshakeSecrets::take(std::string_view label, Bytes secret) {
  const bool from_client = label == kOfClient;
  if ((!from_client && label != kOfServer) || secret.size() > kMaxSecretBytes) return;
  Secret& kept = from_client ? of_client_ : of_server_;
  std::copy(secret.begin(), secret.end(), kept.bytes);
  kept.size = static_cast<uint8_t>(secret.size());
}

ToldSecrets::ToldSecrets(HandshakeSecrets& to) {
  assert(told_to == nullptr);
  told_to = &to;
}

ToldSecrets::~ToldSecrets() { told_to = nullptr; }

void ToldSecrets::tell(std::string_view label, Bytes secret) {
  if (told_to != nullptr) told_to->take(label, secret);
}

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
