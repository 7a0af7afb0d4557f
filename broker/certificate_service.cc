#include "broker/certificate_service.h"

#include <ctime>

#include "broker/acme/installed_pair.h"
#include "common/base/log.h"

namespace ingress::broker {
namespace {

constexpr long long kDaySeconds = 24LL * 3600;
constexpr long long kWarnedSeconds = 14 * kDaySeconds;
constexpr Duration kRenewalLook{60000};

}  // namespace

std::string place_stand_in(const Config& config) {
  if (!config.acme.on()) return "";
  tls::ServerContext probe({"http/1.1"});
  if (probe.load(config.live.tls_dir, [](const std::string&, const Error&) {})) return "";
  const std::string& domain = config.domains.front();
  std::vector<std::string> names;
  for (const std::string& each : config.domains) {
    names.insert(names.end(), {each, "*." + each, "*.machines." + each});
  }
  const auto placed = acme::install_placeholder(config.live.tls_dir, domain, names);
  if (!placed) return placed.error();
  log_warn("placeholder_certificate",
           {{"path", config.live.tls_dir + "/" + domain + ".crt"},
            {"reason", "--tls-dir holds none yet; clients and agents will trust the one that ACME brings"}});
  return "";
}

CertificateService::CertificateService(uv::Loop& loop, const tls::ServerContext& served)
    : loop_(loop), served_(served), timer_(loop, [this] { look_at_ends(); }) {}

std::string CertificateService::start(const Config& config, const Snapshot& snapshot) {
  auto resolver = dns::Resolver::make(loop_, config.acme.resolver);
  if (!resolver) return std::string("no DNS resolver: ") + resolver.error().context;
  resolver_ = std::move(*resolver);
  look_at_ends();
  timer_.start(kRenewalLook, kRenewalLook);
  timer_.unref();
  if (!config.acme.on()) return "";
  acme::DeskParts parts;
  parts.loop = &loop_;
  parts.resolver = resolver_.get();
  parts.served = &served_;
  parts.tls_dir = config.live.tls_dir;
  parts.webroot = config.acme_webroot;
  parts.answers_http = !config.http.empty();
  desk_ = std::make_unique<acme::CertificateDesk>(config.acme, parts, snapshot, config.domains);
  return desk_->start();
}

void CertificateService::apply(const Transaction& transaction) {
  if (desk_ != nullptr) desk_->apply(transaction);
}

void CertificateService::set_tls_dir(const std::string& folder) {
  if (desk_ != nullptr) desk_->set_tls_dir(folder);
}

// Once a day each, whoever the certificate is by.
void CertificateService::look_at_ends() {
  const long long now = std::time(nullptr);
  for (const tls::Certificate& certificate : served_.certificates()) {
    const long long left = certificate.expires_at - now;
    long long& warned_at = warned_at_[certificate.path];
    if (left > kWarnedSeconds || warned_at > now - kDaySeconds) continue;
    warned_at = now;
    log_warn(left > 0 ? "certificate_expires_soon" : "certificate_expired",
             {{"path", certificate.path},
              {"name", certificate.names.empty() ? "" : certificate.names.front()},
              {"days_left", left / kDaySeconds}});
  }
}

}  // namespace ingress::broker
