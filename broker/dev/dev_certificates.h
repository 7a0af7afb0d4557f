// Certificates for a laptop's names, made as they are asked for, by local CAs that are made on first use: one for
// `localhost` and this machine's addresses, one for each other domain. Thread: the loop's.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/dev/dev_config.h"
#include "broker/dev/trust.h"
#include "common/tls/local_authority.h"
#include "common/tls/tls_context.h"

namespace ingress::broker::dev {

class DevCertificates final : public tls::CertificateMaker {
 public:
  // Makes the folders, the CAs, and in the --tls-dir the certificate of who names no host (clients that go by an
  // address).
  static Result<std::unique_ptr<DevCertificates>> open(const DevConfig& config);

  // To be called now and then: makes that last one anew where it ends soon, and where this machine has addresses that
  // it was not made for. Cheap where it is good as it is. A failure is logged, and tried again.
  void keep_current(const std::vector<std::string>& network, std::time_t now);

  bool make(const std::string& name, ssl_ctx_st* context) override;
  bool covers(const std::string& name) const override { return authority_of(name) != nullptr; }

  // PEM files of the CAs; the one of `localhost` first.
  std::vector<std::string> authority_paths() const;
  // All of them in one file, for programs that take one (the agent, curl --cacert).
  std::string bundle_path() const { return bundle_path_; }
  Trust trust() const;
  // Those of this user's home; nullopt where there are none. Cheap, while trust() reads the system's whole store.
  std::optional<bool> browsers_trust() const;

 private:
  explicit DevCertificates(const DevConfig& config);
  Status write_bundle();
  // What clients may go by, sorted: loopback, what --https says, and the network's; as far as the CA may speak for it.
  std::vector<std::string> addresses_with(const std::vector<std::string>& network) const;
  Status issue_for(const std::vector<std::string>& addresses, std::time_t now);
  // Null where none may speak for the name.
  const tls::LocalAuthority* authority_of(const std::string& name) const;

  std::vector<std::unique_ptr<tls::LocalAuthority>> authorities_;
  std::string bundle_path_;
  std::string tls_dir_;
  std::vector<std::string> own_addresses_;
  bool for_network_;                     // https listens at addresses that come and go
  std::vector<std::string> issued_for_;  // addresses
  std::time_t issue_again_ = 0;          // from then on
  bool failing_ = false;
};

}  // namespace ingress::broker::dev
