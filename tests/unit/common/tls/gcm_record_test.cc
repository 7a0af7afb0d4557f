// TLS 1.2 records by the calls that libssl makes: fixed nonce, the record's head, then the whole record in place.
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/tls/provider.h"

using namespace ingress;

namespace {

constexpr int kExplicit = 8;
constexpr int kTag = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

class Direction {
 public:
  Direction(const char* name, bool ours, bool encrypt)
      : cipher_(EVP_CIPHER_fetch(nullptr, name, ours ? tls::aes_gcm_properties() : "provider=default")),
        context_(EVP_CIPHER_CTX_new()) {
    uint8_t key[32];
    std::fill(key, key + 32, uint8_t{0x5a});
    uint8_t fixed[4] = {1, 2, 3, 4};
    REQUIRE(EVP_CipherInit_ex(context_.get(), cipher_.get(), nullptr, key, nullptr, encrypt ? 1 : 0) == 1);
    REQUIRE(control(EVP_CTRL_GCM_SET_IV_FIXED, 4, fixed) == 1);
  }

  int control(int what, int size, void* data) { return EVP_CIPHER_CTX_ctrl(context_.get(), what, size, data); }

  // The head of record `sequence`, of `size` bytes with nonce and tag (libssl leaves the tag out when it seals).
  bool expect(uint8_t sequence, size_t size) {
    uint8_t aad[13] = {0, 0, 0, 0, 0, 0, 0, sequence, 23, 3, 3};
    put_u16(aad + 11, static_cast<uint32_t>(size));
    return control(EVP_CTRL_AEAD_TLS1_AAD, sizeof aad, aad) == kTag;
  }

  // In place; what came out, or -1.
  int run(std::vector<uint8_t>& record) {
    int made = 0;
    const int size = static_cast<int>(record.size());
    return EVP_CipherUpdate(context_.get(), record.data(), &made, record.data(), size) == 1 ? made : -1;
  }

  bool run_apart(uint8_t* out, const std::vector<uint8_t>& record) {
    int made = 0;
    return EVP_CipherUpdate(context_.get(), out, &made, record.data(), static_cast<int>(record.size())) == 1;
  }

 private:
  std::unique_ptr<EVP_CIPHER, FreeCipher> cipher_;
  std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context_;
};

std::vector<uint8_t> room_for(size_t size) {
  std::vector<uint8_t> record(kExplicit);
  for (size_t i = 0; i < size; ++i) record.push_back(static_cast<uint8_t>(i * 7 + i / 256));
  record.resize(kExplicit + size + kTag);
  return record;
}

bool absent() {
  if (tls::aes_gcm_properties() != nullptr) return false;
  MESSAGE("no AES-GCM of our own here");
  return true;
}

}  // namespace

TEST_CASE("records of TLS 1.2 are opened by the other implementation, and their nonces count on") {
  if (absent()) return;
  for (const char* name : {"AES-128-GCM", "AES-256-GCM"}) {
    for (const bool ours : {true, false}) {
      Direction sender(name, ours, true);
      Direction receiver(name, !ours, false);
      uint8_t sequence = 0;
      uint32_t nonce = 0;
      for (const size_t size : {0, 1, 2, 15, 16, 17, 100, 1000, 4096, 16383, 16384}) {
        CAPTURE(size);
        std::vector<uint8_t> record = room_for(size);
        REQUIRE(sender.expect(sequence, kExplicit + size));
        REQUIRE(sender.run(record) == static_cast<int>(record.size()));
        if (sequence > 0) CHECK(get_u32(record.data() + 4) == nonce + 1);
        nonce = get_u32(record.data() + 4);
        REQUIRE(receiver.expect(sequence, record.size()));
        REQUIRE(receiver.run(record) == static_cast<int>(size));
        const std::vector<uint8_t> expected = room_for(size);
        CHECK(std::equal(record.begin() + kExplicit, record.end() - kTag, expected.begin() + kExplicit));
        ++sequence;
      }
    }
  }
}

TEST_CASE("a record of TLS 1.2 that was changed is refused, and its text wiped") {
  if (absent()) return;
  for (const size_t at : {size_t{0}, size_t{7}, size_t{8}, size_t{107}, size_t{108}, size_t{123}}) {
    CAPTURE(at);
    Direction sender("AES-128-GCM", false, true);
    Direction receiver("AES-128-GCM", true, false);
    std::vector<uint8_t> record = room_for(100);
    REQUIRE(sender.expect(0, kExplicit + 100));
    REQUIRE(sender.run(record) > 0);
    record[at] ^= 1;
    REQUIRE(receiver.expect(0, record.size()));
    CHECK(receiver.run(record) == -1);
    CHECK(std::all_of(record.begin() + kExplicit, record.end() - kTag, [](uint8_t byte) { return byte == 0; }));
  }
  ERR_clear_error();
}

TEST_CASE("a record of TLS 1.2 that is no record is refused") {
  if (absent()) return;
  Direction receiver("AES-128-GCM", true, false);
  CHECK_FALSE(receiver.expect(0, kExplicit + kTag - 1));
  CHECK(receiver.expect(0, kExplicit + kTag));
  std::vector<uint8_t> small(kExplicit + kTag - 1);
  CHECK(receiver.run(small) == -1);
  Direction sender("AES-128-GCM", true, true);
  std::vector<uint8_t> record = room_for(10);
  std::vector<uint8_t> elsewhere(record.size());
  CHECK(sender.expect(0, kExplicit + 10));
  CHECK_FALSE(sender.run_apart(elsewhere.data(), record));
  CHECK(sender.run(record) == -1);  // the head was used up
  uint8_t fixed[5] = {};
  CHECK(sender.control(EVP_CTRL_GCM_SET_IV_FIXED, 3, fixed) <= 0);
  CHECK(sender.control(EVP_CTRL_GCM_SET_IV_FIXED, 5, fixed) <= 0);
  ERR_clear_error();
}
