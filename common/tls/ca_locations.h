// Where a machine keeps the CAs that it trusts: each distribution has its own place, and a program that was linked on
// one of them runs on all. Reads folders, no certificate.
#pragma once

#include <string>

namespace ingress::tls {

// One of the two is empty, or both are.
struct CaLocation {
  std::string folder;  // certificates by the hash of their subject: OpenSSL reads the one that it needs
  std::string file;    // all of them in one PEM file
};

// The first place that is there, below `root` ("" is the machine's own); a folder before a file, which costs the memory
// of all that is in it.
CaLocation find_ca_location(const std::string& root);

// True where SSL_CERT_FILE or SSL_CERT_DIR says it; then nothing is looked for.
bool ca_location_is_said();

}  // namespace ingress::tls
