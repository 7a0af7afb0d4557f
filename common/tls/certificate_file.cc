#include "common/tls/certificate_file.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/lower_case.h"
#include "common/base/read_file.h"
#include "common/tls/openssl.h"

namespace ingress::tls {
namespace {

std::string text_of(const ASN1_STRING* value) {
  return lower_case(as_text({ASN1_STRING_get0_data(value), static_cast<size_t>(ASN1_STRING_length(value))}));
}

// The DNS names of subjectAltName; the common name where there is none (RFC 6125, 6.4.4).
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* const found =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found, i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
  }
  GENERAL_NAMES_free(found);
  if (!names.empty()) return names;
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) names.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  return names;
}

long long seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::string issuer_of(X509* certificate) {
  X509_NAME* const name = X509_get_issuer_name(certificate);
  for (const int kind : {NID_commonName, NID_organizationName}) {
    const int at = X509_NAME_get_index_by_NID(name, kind, -1);
    unsigned char* utf8 = nullptr;
    const int size = at < 0 ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) continue;
    std::string text(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
    OPENSSL_free(utf8);
    return text;
  }
  return "";
}

tl::unexpected<Error> bad_pair(const char* otherwise) {
  return tl::unexpected(openssl_error(ErrorCode::kInvalidArgument, otherwise));
}

}  // namespace

Result<Certificate> load_certificate(const std::string& crt_path, std::shared_ptr<ssl_ctx_st> context) {
  ERR_clear_error();
  const std::string key_path = std::filesystem::path(crt_path).replace_extension(".key").string();
  std::error_code missing;
  if (!std::filesystem::exists(key_path, missing)) {
    return fail(ErrorCode::kInvalidArgument, Side::kInternal, "no .key file beside the certificate");
  }
  if (is_no_file(crt_path) || is_no_file(key_path)) {
    return fail(ErrorCode::kInvalidArgument, Side::kInternal, "the .crt or the .key is no regular file");
  }
  if (SSL_CTX_use_certificate_chain_file(context.get(), crt_path.c_str()) != 1) return bad_pair("read a certificate");
  // Checks that it is the certificate's.
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_path.c_str(), SSL_FILETYPE_PEM) != 1) {
    return bad_pair("read a private key");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) return bad_pair("private key and certificate differ");
  X509* const leaf = SSL_CTX_get0_certificate(context.get());
  Certificate certificate;
  certificate.path = crt_path;
  certificate.names = names_of(leaf);
  certificate.issuer = issuer_of(leaf);
  certificate.begins_at = seconds_of(X509_get0_notBefore(leaf));
  certificate.expires_at = seconds_of(X509_get0_notAfter(leaf));
  certificate.self_signed = X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) == 0;
  certificate.context = std::move(context);
  return certificate;
}

Result<std::vector<std::string>> list_certificates(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> paths;
  for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    if (each->path().extension() == ".crt") paths.push_back(each->path().string());
  }
  if (error) return fail(ErrorCode::kIo, Side::kInternal, "read the folder of certificates", error.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace ingress::tls
