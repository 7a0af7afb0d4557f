// A certificate authority of this machine, for names that lead to it alone: its certificate is constrained to them
// (RFC 5280, 4.2.1.10), so that who trusts it trusts it for nothing else. Made on first use and kept in a folder.
// Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

struct ssl_ctx_st;

namespace ingress::tls {

// What an authority may speak for.
struct NameScope {
  std::vector<std::string> domains;  // each with all names below it
  bool private_addresses = false;    // loopback, link-local and private blocks

  bool covers(std::string_view name) const;
};

// Whether the address is of the blocks of NameScope::private_addresses. False for what is no address.
bool is_private_address(std::string_view ip);

class LocalAuthority {
 public:
  static constexpr int kAuthorityDays = 3650;
  static constexpr int kLeafDays = 90;

  // FOLDER/NAME.crt and NAME.key (mode 0600); made where one of them is missing or the certificate is over within a
  // year. kIo where the folder cannot be written, kInvalidArgument where a file is not what it should be.
  static Result<std::unique_ptr<LocalAuthority>> open(const std::string& folder, const std::string& name,
                                                      NameScope scope);
  ~LocalAuthority();

  // The certificate that is to be trusted, a PEM file.
  const std::string& certificate_path() const;
  const NameScope& scope() const;
  // Whether the system's store leads to it.
  bool trusted() const;

  // Puts a leaf certificate for the name, and its key, into the context.
  Status issue(const std::string& name, ssl_ctx_st* context) const;
  // Writes FOLDER/FILE.crt and FILE.key with a leaf for these names and addresses.
  Status issue_files(const std::string& folder, const std::string& file, const std::vector<std::string>& names,
                     const std::vector<std::string>& addresses) const;

 private:
  struct Impl;
  explicit LocalAuthority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::tls
