// Where a user's browsers keep the CAs that they trust. Opens no database of theirs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ingress::tls {

// The file in each that holds the certificates.
inline constexpr const char* kNssDatabaseFile = "cert9.db";

// The folders of the NSS databases below the home folder: Chromium's, and each profile of Firefox. None where it is "".
std::vector<std::filesystem::path> nss_databases(const std::string& home);

// The first certificate of a PEM file as column a11 (CKA_VALUE, PKCS #11) of such a database has it, in lower case
// hexadecimal; "" where the file has none.
std::string nss_value_of(const std::string& pem_path);

}  // namespace ingress::tls
