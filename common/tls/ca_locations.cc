#include "common/tls/ca_locations.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace ingress::tls {
namespace {

constexpr const char* kFolders[] = {
    "/etc/ssl/certs",                                  // Debian, Ubuntu, Alpine, SUSE, Arch
    "/etc/pki/ca-trust/extracted/pem/directory-hash",  // Fedora, RHEL 10
    "/etc/pki/tls/certs",                              // older Fedora
    "/etc/openssl/certs",                              // NetBSD's, on Linux too
};
constexpr const char* kFiles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch, NixOS
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL 7 and later
    "/etc/pki/tls/certs/ca-bundle.crt",                   // older Fedora and RHEL
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/var/lib/ca-certificates/ca-bundle.pem",             // SUSE, where /etc has no link
    "/etc/pki/tls/cacert.pem",                            // OpenELEC
    "/etc/ssl/cert.pem",                                  // Alpine without ca-certificates
};

// "f081611a.0", as `openssl rehash` names links.
bool is_hash_name(std::string_view name) {
  constexpr size_t kHashDigits = 8;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return name.size() > kHashDigits + 1 && name[kHashDigits] == '.' &&
         std::all_of(name.begin(), name.begin() + kHashDigits, is_hex) &&
         name.find_first_not_of("0123456789", kHashDigits + 1) == std::string_view::npos;
}

bool is_hashed(const std::string& folder) {
  std::error_code problem;
  std::filesystem::directory_iterator entry(folder, problem);
  for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem)) {
    if (is_hash_name(entry->path().filename().native())) return true;
  }
  return false;
}

}  // namespace

CaLocation find_ca_location(const std::string& root) {
  for (const char* folder : kFolders) {
    if (is_hashed(root + folder)) return {root + folder, ""};
  }
  for (const char* file : kFiles) {
    if (access((root + file).c_str(), R_OK) == 0) return {"", root + file};
  }
  return {};
}

bool ca_location_is_said() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables
  return std::getenv("SSL_CERT_FILE") != nullptr || std::getenv("SSL_CERT_DIR") != nullptr;
}

}  // namespace ingress::tls
