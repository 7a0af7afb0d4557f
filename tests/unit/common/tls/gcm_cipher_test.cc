// AES-GCM of the provider, held to OpenSSL's own through the calls that libssl makes.
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/bytes.h"
#include "common/tls/provider.h"

using namespace ingress;

namespace {

using Buffer = std::vector<uint8_t>;

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER, FreeCipher>;
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const char* const kNames[] = {"AES-128-GCM", "AES-256-GCM"};

// Where this machine has no fast cipher there is nothing to hold to OpenSSL's.
bool absent() {
  if (tls::aes_gcm_properties() != nullptr) return false;
  MESSAGE("no AES-GCM of our own here");
  return true;
}

struct Ciphers {
  explicit Ciphers(const char* name)
      : ours(EVP_CIPHER_fetch(nullptr, name, tls::aes_gcm_properties())),
        theirs(EVP_CIPHER_fetch(nullptr, name, "provider=default")) {}

  Cipher ours;
  Cipher theirs;
};

Buffer bytes(size_t size, uint32_t seed) {
  Buffer made(size);
  for (uint8_t& byte : made) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(seed >> 24);
  }
  return made;
}

std::string provider_of(const Cipher& cipher) {
  return OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(cipher.get()));
}

Context start(const Cipher& cipher, bool encrypt, const Buffer& nonce = bytes(12, 7)) {
  Context context(EVP_CIPHER_CTX_new());
  const Buffer key = bytes(static_cast<size_t>(EVP_CIPHER_get_key_length(cipher.get())), 3);
  REQUIRE(EVP_CipherInit_ex(context.get(), cipher.get(), nullptr, key.data(), nullptr, encrypt ? 1 : 0) == 1);
  if (!nonce.empty()) REQUIRE(EVP_CipherInit_ex(context.get(), nullptr, nullptr, nullptr, nonce.data(), -1) == 1);
  return context;
}

bool add_aad(const Context& context, const uint8_t* aad, size_t size) {
  int taken = 0;
  return EVP_CipherUpdate(context.get(), nullptr, &taken, aad, static_cast<int>(size)) == 1;
}

bool update(const Context& context, uint8_t* out, const uint8_t* in, size_t size) {
  int made = 0;
  return EVP_CipherUpdate(context.get(), out, &made, in, static_cast<int>(size)) == 1 && made == static_cast<int>(size);
}

bool finish(const Context& context) {
  uint8_t none[16];
  int made = 0;
  return EVP_CipherFinal_ex(context.get(), none, &made) == 1 && made == 0;
}

Buffer tag_of(const Context& context) {
  Buffer tag(16);
  REQUIRE(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag.data()) == 1);
  return tag;
}

bool expect_tag(const Context& context, Buffer tag) {
  return EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()), tag.data()) == 1;
}

// Ciphertext and tag.
Buffer seal(const Cipher& cipher, const Buffer& aad, const Buffer& plain) {
  const Context context = start(cipher, true);
  REQUIRE(add_aad(context, aad.data(), aad.size()));
  Buffer out(plain.size());
  REQUIRE(update(context, out.data(), plain.data(), plain.size()));
  REQUIRE(finish(context));
  const Buffer tag = tag_of(context);
  out.insert(out.end(), tag.begin(), tag.end());
  return out;
}

// In place, from `offset` bytes behind an aligned address. Empty where the tag is refused.
Buffer open(const Cipher& cipher, const Buffer& aad, const Buffer& sealed, size_t offset) {
  Buffer room(sealed.size() + offset);
  std::copy(sealed.begin(), sealed.end(), room.begin() + static_cast<long>(offset));
  const size_t size = sealed.size() - 16;
  const Context context = start(cipher, false);
  REQUIRE(expect_tag(context, Buffer(sealed.end() - 16, sealed.end())));
  REQUIRE(add_aad(context, aad.data(), aad.size()));
  REQUIRE(update(context, room.data() + offset, room.data() + offset, size));
  if (!finish(context)) return {};
  return Buffer(room.begin() + static_cast<long>(offset), room.begin() + static_cast<long>(offset + size));
}

std::vector<size_t> sizes() {
  std::vector<size_t> all;
  for (size_t size = 0; size < 1100; ++size) all.push_back(size);
  for (size_t size = 1100; size <= 40'000; size += 389) all.push_back(size);
  for (const size_t size : {4096, 16383, 16384, 16385, 16401, 40000}) all.push_back(size);
  return all;
}

}  // namespace

TEST_CASE("the preference finds our AES-GCM, and OpenSSL's everything else; a plain fetch finds OpenSSL's") {
  if (absent()) return;
  for (const char* name : kNames) {
    const Ciphers ciphers(name);
    CHECK(provider_of(ciphers.ours) == "ingress");
    CHECK(provider_of(Cipher(EVP_CIPHER_fetch(nullptr, name, nullptr))) == "default");
    CHECK(EVP_CIPHER_get_nid(ciphers.ours.get()) == EVP_CIPHER_get_nid(ciphers.theirs.get()));
    CHECK(EVP_CIPHER_get_flags(ciphers.ours.get()) == EVP_CIPHER_get_flags(ciphers.theirs.get()));
    CHECK(EVP_CIPHER_get_block_size(ciphers.ours.get()) == 1);
    CHECK(EVP_CIPHER_get_iv_length(ciphers.ours.get()) == 12);
  }
  CHECK(provider_of(Ciphers("ChaCha20-Poly1305").ours) == "default");
  CHECK(provider_of(Ciphers("AES-256-CBC").ours) == "default");
}

TEST_CASE("each cipher opens what the other sealed, of every size, additional data and alignment") {
  if (absent()) return;
  for (const char* name : kNames) {
    const Ciphers ciphers(name);
    for (const size_t size : sizes()) {
      CAPTURE(size);
      const Buffer plain = bytes(size, static_cast<uint32_t>(size));
      const Buffer aad = bytes(size % 33, 5);
      const Buffer sealed = seal(ciphers.ours, aad, plain);
      REQUIRE((sealed == seal(ciphers.theirs, aad, plain)));
      REQUIRE((open(ciphers.ours, aad, sealed, size % 67) == plain));
      if (size > 0) REQUIRE((open(ciphers.theirs, aad, sealed, 0) == plain));
    }
  }
}

TEST_CASE("pieces make the same as the whole") {
  if (absent()) return;
  const Buffer plain = bytes(3000, 1);
  const Buffer aad = bytes(20, 2);
  for (const char* name : kNames) {
    const Ciphers ciphers(name);
    const Buffer whole = seal(ciphers.theirs, aad, plain);
    for (const size_t step : {1, 3, 15, 16, 17, 48, 255, 256, 257, 769, 1500, 2999}) {
      CAPTURE(step);
      for (const bool encrypt : {true, false}) {
        const Context context = start(ciphers.ours, encrypt);
        for (size_t at = 0; at < aad.size(); at += step) {
          REQUIRE(add_aad(context, aad.data() + at, std::min(step, aad.size() - at)));
        }
        Buffer out(plain.size());
        const uint8_t* const in = encrypt ? plain.data() : whole.data();
        for (size_t at = 0; at < plain.size(); at += step) {
          REQUIRE(update(context, out.data() + at, in + at, std::min(step, plain.size() - at)));
        }
        if (!encrypt) REQUIRE(expect_tag(context, Buffer(whole.end() - 16, whole.end())));
        REQUIRE(finish(context));
        if (encrypt) CHECK((tag_of(context) == Buffer(whole.end() - 16, whole.end())));
        CHECK(std::equal(out.begin(), out.end(), encrypt ? whole.begin() : plain.begin()));
      }
    }
  }
}

TEST_CASE("a context serves message after message, copies go their own way, and nothing at all has a tag too") {
  if (absent()) return;
  for (const char* name : kNames) {
    const Ciphers ciphers(name);
    const Context context = start(ciphers.ours, true);
    const Buffer plain = bytes(500, 1);
    for (uint32_t message = 0; message < 3; ++message) {
      const Buffer nonce = bytes(12, message);
      REQUIRE(EVP_EncryptInit_ex(context.get(), nullptr, nullptr, nullptr, nonce.data()) == 1);
      Buffer out(plain.size());
      Buffer out_of_copy(plain.size());
      REQUIRE(update(context, out.data(), plain.data(), 100));
      const Context copy(EVP_CIPHER_CTX_new());
      REQUIRE(EVP_CIPHER_CTX_copy(copy.get(), context.get()) == 1);
      REQUIRE(update(copy, out_of_copy.data(), plain.data(), 50));
      REQUIRE(update(context, out.data() + 100, plain.data() + 100, 400));
      REQUIRE(finish(context));
      REQUIRE(finish(copy));
      const Context theirs = start(ciphers.theirs, true, nonce);
      Buffer expected(plain.size());
      REQUIRE(update(theirs, expected.data(), plain.data(), plain.size()));
      REQUIRE(finish(theirs));
      CHECK((out == expected));
      CHECK((tag_of(context) == tag_of(theirs)));
      CHECK((tag_of(copy) != tag_of(theirs)));
    }
    const Context nothing = start(ciphers.ours, true);
    const Context nothing_of_theirs = start(ciphers.theirs, true);
    REQUIRE(finish(nothing));
    REQUIRE(finish(nothing_of_theirs));
    CHECK((tag_of(nothing) == tag_of(nothing_of_theirs)));
  }
}

TEST_CASE("hundreds of keys with messages under way at once do not disturb each other, nor does another thread") {
  if (absent()) return;
  const Ciphers ciphers("AES-256-GCM");
  const Buffer plain = bytes(300, 1);
  std::vector<Context> contexts;
  std::vector<Buffer> outs(600, Buffer(plain.size()));
  for (uint32_t i = 0; i < outs.size(); ++i) {
    contexts.push_back(start(ciphers.ours, true));
    REQUIRE(EVP_EncryptInit_ex(contexts[i].get(), nullptr, nullptr, bytes(32, i).data(), bytes(12, i).data()) == 1);
  }
  const auto next_part = [&](size_t at) {
    bool good = true;
    for (size_t i = 0; i < outs.size(); ++i) {
      good = update(contexts[i], outs[i].data() + at, plain.data() + at, 100) && good;
    }
    return good;
  };
  CHECK(next_part(0));
  bool elsewhere = false;
  std::thread([&] { elsewhere = next_part(100); }).join();
  CHECK(elsewhere);
  CHECK(next_part(200));
  for (uint32_t i = 0; i < outs.size(); ++i) {
    const Context theirs = start(ciphers.theirs, true);
    Buffer expected(plain.size());
    REQUIRE(EVP_EncryptInit_ex(theirs.get(), nullptr, nullptr, bytes(32, i).data(), bytes(12, i).data()) == 1);
    REQUIRE(update(theirs, expected.data(), plain.data(), plain.size()));
    REQUIRE(finish(theirs));
    REQUIRE(finish(contexts[i]));
    CHECK((outs[i] == expected));
    CHECK((tag_of(contexts[i]) == tag_of(theirs)));
    contexts[i].reset();
  }
}

TEST_CASE("a changed tag, text, or additional data is refused") {
  if (absent()) return;
  const Buffer plain = bytes(1000, 1);
  const Buffer aad = bytes(5, 2);
  for (const char* name : kNames) {
    const Ciphers ciphers(name);
    const Buffer sealed = seal(ciphers.theirs, aad, plain);
    for (const size_t at : {0, 15, 16, 767, 999, 1000, 1007, 1015}) {
      Buffer changed = sealed;
      changed[at] ^= 0x40;
      CHECK(open(ciphers.ours, aad, changed, 0).empty());
    }
    CHECK(open(ciphers.ours, bytes(5, 3), sealed, 0).empty());
    CHECK(open(ciphers.ours, bytes(4, 2), sealed, 0).empty());
    CHECK((open(ciphers.ours, aad, sealed, 0) == plain));
  }
  ERR_clear_error();
}

TEST_CASE("what the cipher does not do fails, and so does what would use a nonce twice") {
  if (absent()) return;
  const Ciphers ciphers("AES-128-GCM");
  uint8_t text[64] = {};
  uint8_t many[33] = {};
  int size = 0;
  SUBCASE("nonces of other lengths") {
    const Context context = start(ciphers.ours, true, {});
    for (const int other : {1, 8, 11, 13, 16}) {
      CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, other, nullptr) <= 0);
    }
    CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, 12, nullptr) == 1);
  }
  SUBCASE("no nonce, or the last message's") {
    const Context context = start(ciphers.ours, true, {});
    CHECK_FALSE(update(context, text, text, 10));
    CHECK_FALSE(finish(context));
    const Context second = start(ciphers.ours, true);
    CHECK(update(second, text, text, 10));
    CHECK(finish(second));
    CHECK_FALSE(update(second, text, text, 10));
    CHECK_FALSE(finish(second));
  }
  SUBCASE("a key or direction that changes under a message") {
    const Context context = start(ciphers.ours, true);
    CHECK(update(context, text, text, 10));
    REQUIRE(EVP_CipherInit_ex(context.get(), nullptr, nullptr, text, nullptr, -1) == 1);
    CHECK_FALSE(update(context, text, text, 10));
    const Context turned = start(ciphers.ours, true);
    CHECK(update(turned, text, text, 10));
    REQUIRE(EVP_CipherInit_ex(turned.get(), nullptr, nullptr, nullptr, nullptr, 0) == 1);
    CHECK_FALSE(update(turned, text, text, 10));
  }
  SUBCASE("additional data after data, or too much of it") {
    const Context context = start(ciphers.ours, true);
    CHECK(update(context, text, text, 10));
    CHECK_FALSE(add_aad(context, text, 5));
    const Context second = start(ciphers.ours, true);
    CHECK_FALSE(add_aad(second, many, sizeof many));
    CHECK(add_aad(second, many, 30));
    CHECK_FALSE(add_aad(second, many, 3));
  }
  SUBCASE("tags at the wrong time or end") {
    const Context context = start(ciphers.ours, true);
    CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, text) <= 0);
    CHECK_FALSE(expect_tag(context, Buffer(16)));
    const Context second = start(ciphers.ours, false);
    CHECK(update(second, text, text, 10));
    CHECK_FALSE(finish(second));
    CHECK(EVP_CIPHER_CTX_ctrl(second.get(), EVP_CTRL_AEAD_GET_TAG, 16, text) <= 0);
  }
  SUBCASE("no key") {
    const Context context(EVP_CIPHER_CTX_new());
    REQUIRE(EVP_EncryptInit_ex(context.get(), ciphers.ours.get(), nullptr, nullptr, text) == 1);
    CHECK(EVP_EncryptUpdate(context.get(), text, &size, text, 10) != 1);
  }
  ERR_clear_error();
}
