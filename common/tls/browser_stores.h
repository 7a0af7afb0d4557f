// Where a user's browsers keep the CAs that they trust. Looks at folders, reads no certificate.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ingress::tls {

// The file in each that holds the certificates.
inline constexpr const char* kNssDatabaseFile = "cert9.db";

// The folders of the NSS databases below the home folder: Chromium's, and each profile of Firefox. None where it is "".
std::vector<std::filesystem::path> nss_databases(const std::string& home);

}  // namespace ingress::tls
