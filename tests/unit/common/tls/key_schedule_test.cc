#include "common/tls/key_schedule.h"

#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include <memory>
#include <string>
#include <vector>

#include "common/tls/handshake_secrets.h"
#include "common/tls/openssl.h"
#include "common/tls/provider.h"

using namespace ingress;
using namespace ingress::tls;

namespace {

using ContextPtr = std::unique_ptr<EVP_KDF_CTX, Free<EVP_KDF_CTX_free>>;

ContextPtr context_by(const char* properties) {
  EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, properties);
  ContextPtr context(EVP_KDF_CTX_new(kdf));
  EVP_KDF_free(kdf);
  return context;
}

struct Derivation {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string digest = "SHA2-256";
  std::vector<uint8_t> key = std::vector<uint8_t>(32, 0x5A);
  std::string prefix = "tls13 ";
  std::string label = "c ap traffic";
  std::vector<uint8_t> data;
  std::vector<uint8_t> salt;
  size_t size = 32;

  // They point into this object.
  std::vector<OSSL_PARAM> parameters() {
    std::vector<OSSL_PARAM> all{OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                                OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
                                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
                                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix.data(), prefix.size()),
                                OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, label.data(), label.size())};
    if (!data.empty()) all.push_back(OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA, data.data(), data.size()));
    if (!salt.empty()) all.push_back(OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()));
    all.push_back(OSSL_PARAM_construct_end());
    return all;
  }

  // Empty where it is refused. `early`: the parameters come before, and none with the derivation.
  std::vector<uint8_t> by(const char* properties, bool early = false) {
    const ContextPtr context = context_by(properties);
    REQUIRE(context != nullptr);
    const std::vector<OSSL_PARAM> all = parameters();
    std::vector<uint8_t> out(size);
    if (early && EVP_KDF_CTX_set_params(context.get(), all.data()) != 1) return {};
    const bool made = EVP_KDF_derive(context.get(), out.data(), out.size(), early ? nullptr : all.data()) == 1;
    return made ? out : std::vector<uint8_t>();
  }
};

constexpr char kOpenssl[] = "provider=default";

void check_the_same(Derivation derivation) {
  const std::vector<uint8_t> theirs = derivation.by(kOpenssl);
  CHECK(!theirs.empty());
  CHECK(derivation.by(session_properties()) == theirs);
  CHECK(derivation.by(session_properties(), true) == theirs);
}

}  // namespace

TEST_CASE("the key schedule of a session is ours, and derives what OpenSSL's derives") {
  REQUIRE(session_properties() != nullptr);
  const ContextPtr context = context_by(session_properties());
  CHECK(std::string(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(EVP_KDF_CTX_kdf(context.get())))) == "ingress");
  check_the_same({});
  Derivation with_hash;
  with_hash.data.assign(32, 0xC3);
  check_the_same(with_hash);
  Derivation of_key;
  of_key.label = "key";
  of_key.size = 16;
  check_the_same(of_key);
  Derivation sha384;
  sha384.digest = "SHA2-384";
  sha384.key.assign(48, 0x11);
  sha384.data.assign(48, 0x22);
  sha384.size = 48;
  check_the_same(sha384);
}

TEST_CASE("what is no expansion to one block is OpenSSL's") {
  Derivation extract;
  extract.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
  extract.label = "derived";
  extract.salt.assign(32, 0x77);
  check_the_same(extract);
  Derivation two_blocks;
  two_blocks.size = 64;
  check_the_same(two_blocks);
  Derivation sha512;
  sha512.digest = "SHA2-512";
  check_the_same(sha512);
  Derivation other_prefix;
  other_prefix.prefix = "dtls13";
  check_the_same(other_prefix);
  Derivation long_label;
  long_label.label.assign(100, 'l');
  check_the_same(long_label);
}

TEST_CASE("what OpenSSL refuses is refused") {
  Derivation nonsense;
  nonsense.digest = "no such digest";
  CHECK(nonsense.by(session_properties()).empty());
  CHECK(nonsense.by(session_properties(), true).empty());
  const ContextPtr context = context_by(session_properties());
  uint8_t out[32];
  CHECK(EVP_KDF_derive(context.get(), out, sizeof out, nullptr) != 1);
}

TEST_CASE("a context is as new after a reset") {
  const ContextPtr context = context_by(session_properties());
  Derivation sha384;
  sha384.digest = "SHA2-384";
  sha384.key.assign(48, 0x11);
  REQUIRE(EVP_KDF_CTX_set_params(context.get(), sha384.parameters().data()) == 1);
  EVP_KDF_CTX_reset(context.get());
  Derivation derivation;
  std::vector<uint8_t> out(32);
  REQUIRE(EVP_KDF_derive(context.get(), out.data(), out.size(), derivation.parameters().data()) == 1);
  CHECK(out == derivation.by(kOpenssl));
}

TEST_CASE("a session's secrets are told as they are derived") {
  HandshakeSecrets secrets;
  Derivation of_server;
  of_server.label = "s ap traffic";
  std::vector<uint8_t> derived;
  {
    const ToldSecrets told(secrets);
    derived = of_server.by(session_properties());
  }
  CHECK(std::vector<uint8_t>(secrets.of_server().begin(), secrets.of_server().end()) == derived);
  CHECK(secrets.of_client().empty());
}
