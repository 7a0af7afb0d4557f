// Certificates made on the spot: a CA, and leaves that it signs, in a temporary folder.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace ingress::test {

// A certificate's validity, in days from now.
struct Days {
  long begin = -1;
  long end = 30;
};

class Certificates {
 public:
  Certificates() : ca_key_(EVP_EC_gen("P-256")), ca_(X509_new()) {
    if (mkdtemp(folder_) == nullptr) throw std::runtime_error("mkdtemp");
    fill(ca_, ca_key_, "Test CA", "critical,CA:TRUE", "");
    X509_sign(ca_, ca_key_, EVP_sha256());
    write_certificate(ca_file(), ca_);
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() {
    X509_free(ca_);
    EVP_PKEY_free(ca_key_);
    std::filesystem::remove_all(folder_);
  }

  std::string folder() const { return folder_; }
  std::string ca_file() const { return path("ca.pem"); }
  std::string path(const std::string& file) const { return std::string(folder_) + "/" + file; }

  // NAME.crt and NAME.key, for "DNS:a.example,DNS:*.b.example,IP:127.0.0.1" and the like; no names: the CN alone.
  void issue(const std::string& name, const std::string& alt_names, const std::string& common_name = "leaf") {
    issue_for(EVP_EC_gen("P-256"), name, alt_names, common_name);
  }
  void issue_rsa(const std::string& name, const std::string& alt_names, Days days = {}) {
    issue_for(EVP_RSA_gen(2048), name, alt_names, "leaf", days);
  }
  void issue_between(const std::string& name, const std::string& alt_names, Days days) {
    issue_for(EVP_EC_gen("P-256"), name, alt_names, "leaf", days);
  }

  void write(const std::string& file, const std::string& text) const { std::ofstream(path(file)) << text; }

 private:
  void issue_for(EVP_PKEY* key, const std::string& name, const std::string& alt_names, const std::string& common_name,
                 Days days = {}) {
    constexpr long kDay = 3600L * 24;
    X509* const leaf = X509_new();
    fill(leaf, key, common_name, "CA:FALSE", alt_names);
    X509_gmtime_adj(X509_getm_notBefore(leaf), days.begin * kDay);
    X509_gmtime_adj(X509_getm_notAfter(leaf), days.end * kDay);
    X509_sign(leaf, ca_key_, EVP_sha256());
    write_certificate(path(name + ".crt"), leaf);
    std::FILE* const file = std::fopen(path(name + ".key").c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(leaf);
    EVP_PKEY_free(key);
  }

  void fill(X509* certificate, EVP_PKEY* key, const std::string& common_name, const std::string& constraints,
            const std::string& alt_names) {
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600L * 24 * 30);
    X509_set_pubkey(certificate, key);
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, text, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(ca_));
    extend(certificate, NID_basic_constraints, constraints);
    if (!alt_names.empty()) extend(certificate, NID_subject_alt_name, alt_names);
  }

  static void extend(X509* certificate, int what, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    if (extension == nullptr) throw std::runtime_error("certificate extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static void write_certificate(const std::string& to, X509* certificate) {
    std::FILE* const file = std::fopen(to.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
  }

  char folder_[32] = "/tmp/ingress-tls-XXXXXX";
  long serial_ = 0;
  EVP_PKEY* ca_key_;
  X509* ca_;
};

}  // namespace ingress::test
