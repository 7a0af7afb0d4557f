#include "broker/dev/dev_certificates.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "broker/dev/browser_trust.h"
#include "broker/routing/host_name.h"
#include "common/base/address_block.h"
#include "common/uv/free_address.h"

namespace ingress::broker::dev {
namespace {

// Folders for this user alone.
Status make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (!error) return {};
  return tl::unexpected(Error{ErrorCode::kIo, Side::kInternal, false, error.value(), "making a folder"});
}

// The blocks that the CA of `localhost` may speak for.
bool is_private(std::string_view address) {
  const std::optional<IpAddress> ip = IpAddress::parse(address);
  if (!ip) return false;
  for (const char* text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}) {
    if (AddressBlock::parse(text)->contains(*ip)) return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<DevCertificates>> DevCertificates::open(const DevConfig& config) {
  for (const std::string& folder : {config.state_dir, config.authority_dir(), config.tls_dir()}) {
    if (const Status made = make_folder(folder); !made) return tl::unexpected(made.error());
  }
  auto certificates = std::make_unique<DevCertificates>();
  for (const std::string& domain : config.domains) {
    const bool is_local = domain == kLocalDomain;
    auto authority = tls::LocalAuthority::open(config.authority_dir(), domain, {{domain}, is_local});
    if (!authority) return tl::unexpected(authority.error());
    certificates->authorities_.push_back(std::move(*authority));
  }
  std::vector<std::string> addresses = {"127.0.0.1", "::1"};
  for (std::string& address : uv::network_addresses()) {
    if (is_private(address)) addresses.push_back(std::move(address));
  }
  const Status written =
      certificates->authorities_.front()->issue_files(config.tls_dir(), "default", {"localhost"}, addresses);
  if (!written) return tl::unexpected(written.error());
  certificates->bundle_path_ = config.state_dir + "/ca.crt";
  if (const Status bundled = certificates->write_bundle(); !bundled) return tl::unexpected(bundled.error());
  return certificates;
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
