#include "common/tls/certificate_pair.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <utility>

#include "common/tls/certificate_file.h"
#include "common/tls/digest.h"
#include "common/tls/openssl.h"

namespace ingress::tls {
namespace {

constexpr long kVersion3 = 2;
constexpr size_t kSerialBytes = 8;

using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

tl::unexpected<Error> not_made() {
  return tl::unexpected(openssl_error(ErrorCode::kInternalError, "make a certificate"));
}

std::string taken(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool fill(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names, std::chrono::hours lifetime) {
  std::string serial = random_bytes(kSerialBytes);
  serial.front() = static_cast<char>((serial.front() & 0x3f) | 0x40);  // positive, of full length
  uint64_t number = 0;
  for (const char byte : serial) number = number << 8 | static_cast<unsigned char>(byte);
  X509_set_version(certificate, kVersion3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), std::chrono::seconds(lifetime).count());
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const auto* common_name = reinterpret_cast<const unsigned char*>("ingress-broker placeholder");
  X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, common_name, -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_set_pubkey(certificate, key);
  std::string alternatives;
  for (const std::string& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  return add_extension(certificate, NID_subject_alt_name, alternatives) &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") && X509_sign(certificate, key, EVP_sha256()) != 0;
}

}  // namespace

Result<Certificate> read_pair(const std::string& crt_path) {
  return load_certificate(crt_path, std::shared_ptr<ssl_ctx_st>(SSL_CTX_new(TLS_server_method()), SSL_CTX_free));
}

bool is_same_certificate(const Certificate& one, const Certificate& other) {
  X509* const first = SSL_CTX_get0_certificate(one.context.get());
  X509* const second = SSL_CTX_get0_certificate(other.context.get());
  return first != nullptr && second != nullptr && X509_cmp(first, second) == 0;
}

Result<PemPair> make_self_signed(const std::vector<std::string>& names, std::chrono::hours lifetime) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  if (key == nullptr || certificate == nullptr || !fill(certificate.get(), key.get(), names, lifetime)) {
    return not_made();
  }
  const BioPtr certificate_pem(BIO_new(BIO_s_mem()));
  const BioPtr key_pem(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_pem.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return not_made();
  }
  return PemPair{taken(certificate_pem.get()), taken(key_pem.get())};
}

}  // namespace ingress::tls
