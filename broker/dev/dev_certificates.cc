#include "broker/dev/dev_certificates.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "broker/dev/browser_trust.h"
#include "broker/dev/state_folder.h"
#include "broker/routing/host_name.h"
#include "common/base/log.h"
#include "common/uv/free_address.h"

namespace ingress::broker::dev {
namespace {

constexpr const char* kAddressFile = "default";
// A third of its life is left then: time enough for a laptop that sleeps.
constexpr std::time_t kGoodFor = std::time_t{tls::LocalAuthority::kLeafDays} * 86400 * 2 / 3;

}  // namespace

DevCertificates::DevCertificates(const DevConfig& config)
    : bundle_path_(config.state_dir + "/ca.crt"),
      tls_dir_(config.tls_dir()),
      own_addresses_({"127.0.0.1", "::1"}),
      for_network_(std::any_of(config.https.begin(), config.https.end(), is_any)) {
  for (const uv::Address& address : config.https) own_addresses_.push_back(address.ip);
}

Result<std::unique_ptr<DevCertificates>> DevCertificates::open(const DevConfig& config) {
  Status made = make_state_folder(config.state_dir);
  if (made) made = make_private_folder(config.authority_dir());
  if (made) made = make_private_folder(config.tls_dir());
  if (!made) return tl::unexpected(made.error());
  std::unique_ptr<DevCertificates> certificates(new DevCertificates(config));
  for (const std::string& domain : config.domains) {
    const bool is_local = domain == kLocalDomain;
    auto authority = tls::LocalAuthority::open(config.authority_dir(), domain, {{domain}, is_local});
    if (!authority) return tl::unexpected(authority.error());
    certificates->authorities_.push_back(std::move(*authority));
  }
  const std::vector<std::string> addresses = certificates->addresses_with(uv::network_addresses());
  Status written = certificates->issue_for(addresses, std::time(nullptr));
  if (written) written = certificates->write_bundle();
  if (!written) return tl::unexpected(written.error());
  return certificates;
}

std::vector<std::string> DevCertificates::addresses_with(const std::vector<std::string>& network) const {
  std::vector<std::string> addresses = own_addresses_;
  addresses.insert(addresses.end(), network.begin(), network.end());
  std::erase_if(addresses, [](const std::string& ip) { return !tls::is_private_address(ip); });
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

Status DevCertificates::issue_for(const std::vector<std::string>& addresses, std::time_t now) {
  const Status written = authorities_.front()->issue_files(tls_dir_, kAddressFile, {"localhost"}, addresses);
  if (!written) return written;
  issued_for_ = addresses;
  issue_again_ = now + kGoodFor;
  return {};
}

void DevCertificates::keep_current(const std::vector<std::string>& network, std::time_t now) {
  const std::vector<std::string> addresses = addresses_with(network);
  const bool covered =
      std::includes(issued_for_.begin(), issued_for_.end(), addresses.begin(), addresses.end());  // both are sorted
  if ((covered || !for_network_) && now < issue_again_) return;
  const Status written = issue_for(addresses, now);
  if (!written && !failing_) log_warn("certificate_not_renewed", {{"error", describe(written.error())}});
  failing_ = !written;
}

Status DevCertificates::write_bundle() {
  const std::string temporary = bundle_path_ + ".new";
  std::ofstream bundle(temporary, std::ios::trunc);
  for (const std::string& path : authority_paths()) bundle << std::ifstream(path).rdbuf();
  bundle.close();
  std::error_code error;
  if (bundle) std::filesystem::rename(temporary, bundle_path_, error);
  if (bundle && !error) return {};
  return tl::unexpected(Error{ErrorCode::kIo, Side::kInternal, false, error.value(), "writing the CAs' file"});
}

const tls::LocalAuthority* DevCertificates::authority_of(const std::string& name) const {
  HostName host;
  if (!host.assign(name) || host.text() != name) return nullptr;
  const auto found = std::find_if(authorities_.begin(), authorities_.end(),
                                  [&name](const auto& authority) { return authority->scope().covers(name); });
  return found == authorities_.end() ? nullptr : found->get();
}

bool DevCertificates::make(const std::string& name, ssl_ctx_st* context) {
  const tls::LocalAuthority* const authority = authority_of(name);
  return authority != nullptr && authority->issue(name, context).has_value();
}

std::vector<std::string> DevCertificates::authority_paths() const {
  std::vector<std::string> paths;
  for (const auto& authority : authorities_) paths.push_back(authority->certificate_path());
  return paths;
}

Trust DevCertificates::trust() const {
  const bool system =
      std::all_of(authorities_.begin(), authorities_.end(), [](const auto& authority) { return authority->trusted(); });
  return {system, browsers_trust().value_or(system)};
}

std::optional<bool> DevCertificates::browsers_trust() const {
  const char* const home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  return dev::browsers_trust(home == nullptr ? "" : home, authority_paths());
}

}  // namespace ingress::broker::dev
