#include "broker/admin/why_walk.h"

#include <algorithm>
#include <array>

#include "broker/acme/certificate_desk.h"
#include "broker/admin/api.h"
#include "broker/admin/why_policy.h"
#include "broker/routing/host_grammar.h"
#include "broker/routing/host_name.h"
#include "common/base/names.h"
#include "common/tls/tls_context.h"

namespace ingress::broker::admin {
namespace {

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : separator).append(part);
  return text;
}

std::string_view without_scheme(std::string_view url) {
  const size_t colon = url.find("://");
  return colon == std::string_view::npos ? url : url.substr(colon + 3);
}

std::string host_in(std::string_view url) {
  const std::string_view rest = without_scheme(url);
  return std::string(rest.substr(0, rest.find_first_of("/?#")));
}

std::string target_in(std::string_view url) {
  const std::string_view rest = without_scheme(url);
  const size_t slash = rest.find('/');
  return slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
}

// The host as a client's Host header would be read; as it was said where it can't be.
std::string normalised(const std::string& host) {
  HostName name;
  return name.assign(host) ? std::string(name.text()) : host;
}

// The DOMAIN that the host is under, the first one for a foreign name.
std::string domain_of(const std::string& host, const std::vector<std::string>& domains) {
  for (const std::string& domain : domains) {
    if (host == domain || host.ends_with("." + domain)) return domain;
  }
  return domains.empty() ? std::string() : domains.front();
}

// `docs__misha.DOMAIN` of `docs.misha.DOMAIN`: what a certificate of *.DOMAIN serves. "" for another host.
std::string single_label_form(const std::string& host, const std::vector<std::string>& domains) {
  const GrammarName name = read_grammar(host, domains);
  if (name.form != HostForm::kService) return "";
  return std::string(name.service) + "__" + std::string(name.name) + "." + std::string(name.domain);
}

}  // namespace

bool never_public(std::string_view host) {
  constexpr auto kTops =
      std::to_array<std::string_view>({"localhost", "test", "example", "invalid", "local", "internal"});
  return std::find(kTops.begin(), kTops.end(), last_label(host)) != kTops.end();
}

// `url`: a host, or one with a path, or a whole URL.
WhyWalk::WhyWalk(const AdminParts& parts, const std::string& url, std::function<void(const WhyReport&)> on_done)
    : parts_(parts),
      host_(normalised(host_in(url))),
      target_(target_in(url)),
      report_(host_),
      on_done_(std::move(on_done)),
      timer_(*parts.loop, [this] { on_time_over(); }) {}

WhyWalk::~WhyWalk() = default;

void WhyWalk::start() {
  const bool well_formed = find_route();
  dns_done_ = !well_formed;
  if (well_formed) {
    check_certificate();
    check_readiness();
    start_dns();
  }
  if (!probe_done_) start_probe();
  timer_.start(kLimit);
  finish_when_done();
}

// False where the host is none.
bool WhyWalk::find_route() {
  std::vector<std::string> explained;
  const tl::expected<Resolution, Refusal> resolution =
      parts_.routes->read().explain({host_, target_, unix_seconds()}, explained);
  if (resolution) {
    found(*resolution, explained);
    return true;
  }
  probe_done_ = true;
  report_.refused(resolution.error());
  return resolution.error().error.code != ErrorCode::kInvalidHost;
}

void WhyWalk::found(const Resolution& resolution, const std::vector<std::string>& explained) {
  machine_ = resolution.machine;
  port_ = resolution.port;
  report_.set_target(resolution);
  report_.good(WhyStep::kGrammar, explained.empty() ? "the name is well formed" : explained.front());
  // The explanation's first line is the host, its last the policy; between them is the way that was found.
  constexpr std::string_view kPolicyLine = "policy: ";
  std::vector<std::string> way(explained.begin() + (explained.empty() ? 0 : 1), explained.end());
  std::string policy = "auth public";
  if (!way.empty() && way.back().starts_with(kPolicyLine)) {
    policy = way.back().substr(kPolicyLine.size());
    way.pop_back();
  }
  report_.good(WhyStep::kRoute,
               way.empty() ? "machine " + machine_ + ", port " + std::to_string(port_) : joined(way, "; "));
  check_policy(resolution, policy);
  check_machine(resolution);
  check_tunnel();
}

void WhyWalk::check_policy(const Resolution& resolution, const std::string& policy) {
  const AdmissionSettings settings = parts_.admission_settings ? parts_.admission_settings() : AdmissionSettings();
  report_.at(WhyStep::kPolicy) = judge_policy(resolution.policy, settings, policy);
  origin_protocol_ = resolution.policy.origin_protocol();
  if (report_.at(WhyStep::kPolicy).state != WhyState::kFailed) check_servers(resolution.policy, settings);
}

void WhyWalk::check_servers(const EffectivePolicy& policy, const AdmissionSettings& settings) {
  for (const AskedServer& server : servers_asked(policy, settings)) {
    if (servers_.size() == kMostServers) break;
    ++servers_left_;
    servers_.push_back(
        std::make_unique<WhyServer>(*parts_.loop, server.url, settings.targets, [this, server](ServerState state) {
          --servers_left_;
          WhyFinding& policy_found = report_.at(WhyStep::kPolicy);
          policy_found = with_server(std::move(policy_found), server, state);
          finish_when_done();
        }));
  }
}

void WhyWalk::check_machine(const Resolution& resolution) {
  if (resolution.machine_state == MachineState::kStarting) {
    report_.warn(WhyStep::kMachine, "machine \"" + machine_ + "\" is starting",
                 "it serves as soon as its tunnel is up");
  } else {
    report_.good(WhyStep::kMachine, "machine \"" + machine_ + "\" may be reached");
  }
}

void WhyWalk::check_tunnel() {
  if (!parts_.loops->connected(machine_)) {
    probe_done_ = true;
    const std::string broker = "broker." + domain_of(host_, parts_.routes->read().domains());
    report_.fail(WhyStep::kTunnel, "no tunnel of machine \"" + machine_ + "\" is up",
                 "start the agent in it: ingress-agent run --broker https://" + broker + parts_.public_https_port +
                     " --machine " + machine_ + " --token-file FILE (a token: ingressctl machine token " + machine_ +
                     ")");
    return;
  }
  tunnels_done_ = false;
  parts_.loops->list_tunnels([this, watch = std::weak_ptr<bool>(alive_)](const std::vector<TunnelInfo>& tunnels) {
    if (!watch.expired()) on_tunnels(tunnels);
  });
}

void WhyWalk::on_tunnels(const std::vector<TunnelInfo>& tunnels) {
  tunnels_done_ = true;
  int count = 0;
  std::string peers;
  for (const TunnelInfo& tunnel : tunnels) {
    if (tunnel.machine != machine_ || tunnel.draining) continue;
    ++count;
    peers += (peers.empty() ? "" : ", ") + tunnel.peer;
  }
  report_.good(WhyStep::kTunnel,
               std::to_string(count) + (count == 1 ? " tunnel is up, from " : " tunnels are up, from ") + peers);
  finish_when_done();
}

void WhyWalk::check_certificate() {
  constexpr int64_t kSoonSeconds = int64_t{7} * 24 * 3600;
  std::string files = "put NAME.crt and NAME.key that serve " + host_ + " into --tls-dir";
  if (parts_.certificates == nullptr) {
    return report_.warn(WhyStep::kCertificate, "this broker serves no https", "give it --https and --tls-dir");
  }
  const tls::Certificate* certificate = parts_.certificates->find(host_);
  if (certificate == nullptr && parts_.certificates->can_make(host_)) {
    return report_.good(WhyStep::kCertificate, "the local CA makes one when it is asked for");
  }
  if (certificate != nullptr && acme::source_of(certificate->path) == acme::Source::kPlaceholder) {
    return report_.fail(WhyStep::kCertificate, certificate->path + " only stands in: clients do not trust it",
                        "ingressctl cert list tells what keeps the real one; or " + files);
  }
  if (certificate == nullptr) {
    const std::string other = single_label_form(host_, parts_.routes->read().domains());
    if (!other.empty() && parts_.certificates->find(other) != nullptr) files += ", or use " + other;
    return report_.fail(WhyStep::kCertificate, "no certificate names " + host_, files);
  }
  const int64_t left = certificate->expires_at - unix_seconds();
  const std::string expiry = certificate->path + " (until " + time_text(certificate->expires_at) + ")";
  if (left <= 0) return report_.fail(WhyStep::kCertificate, expiry + " has expired", "renew it: " + files);
  if (left < kSoonSeconds) return report_.warn(WhyStep::kCertificate, expiry + " expires soon", "renew it");
  report_.good(WhyStep::kCertificate, expiry);
}

void WhyWalk::check_readiness() {
  if (parts_.desk == nullptr) return;
  const auto found = parts_.desk->wanted().find(host_);
  if (found == parts_.desk->wanted().end() || found->second.challenge != acme::Challenge::kHttp01) return;
  certificate_done_ = false;
  acme::check_readiness(*parts_.resolver, found->second,
                        [this, watch = std::weak_ptr<bool>(alive_)](const std::string& problem) {
                          if (!watch.expired() && !certificate_done_) on_readiness(problem);
                        });
}

void WhyWalk::on_readiness(const std::string& problem) {
  certificate_done_ = true;
  const WhyFinding now = report_.at(WhyStep::kCertificate);
  const acme::Standing* standing = parts_.desk->standing_of(host_);
  const std::string ask = "ingressctl cert issue " + host_;
  if (now.state == WhyState::kGood && !problem.empty()) {
    report_.warn(WhyStep::kCertificate, now.detail + ", but its renewal will fail: " + problem,
                 "make the record that `ingressctl cert show " + host_ + "` tells");
  } else if (now.state == WhyState::kFailed && !problem.empty()) {
    report_.fail(WhyStep::kCertificate, now.detail + ": " + problem, "make the record, and then: " + ask);
  } else if (now.state == WhyState::kFailed && standing != nullptr) {
    report_.fail(WhyStep::kCertificate,
                 now.detail + ": " + standing->last_error + "; the next try is at " + time_text(standing->next_try),
                 "or at once: " + ask);
  } else if (now.state == WhyState::kFailed) {
    report_.fail(WhyStep::kCertificate, now.detail + " yet: it is being ordered", "wait a little; or see " + ask);
  }
  finish_when_done();
}

void WhyWalk::start_dns() {
  if (address_form(host_)) {
    dns_done_ = true;
    return report_.good(WhyStep::kDns, host_ + " is an address: clients ask no DNS server for it");
  }
  broker_host_ = "broker." + domain_of(host_, parts_.routes->read().domains());
  resolve(host_, resolving_, addresses_, addresses_known_);
  resolve(broker_host_, resolving_broker_, broker_addresses_, broker_addresses_known_);
}

// By the servers of --resolver, where some were said.
void WhyWalk::resolve(const std::string& name, std::unique_ptr<uv::Resolving>& resolving, std::vector<std::string>& to,
                      bool& known) {
  if (!parts_.resolver_is_said) {
    resolving = uv::Resolving::resolve(*parts_.loop, name, 443, [this, &to, &known](const auto& found) {
      std::vector<std::string> ips;
      if (found) {
        for (const uv::Address& address : *found) ips.push_back(address.ip);
      }
      on_addresses(to, known, std::move(ips));
    });
    return;
  }
  parts_.resolver->addresses(name, [this, &to, &known, watch = std::weak_ptr<bool>(alive_)](const auto& found) {
    if (!watch.expired()) on_addresses(to, known, found ? found->ips : std::vector<std::string>());
  });
}

void WhyWalk::on_addresses(std::vector<std::string>& to, bool& known, std::vector<std::string> found) {
  if (dns_done_) return;
  known = true;
  to = std::move(found);
  std::sort(to.begin(), to.end());
  if (!addresses_known_ || !broker_addresses_known_) return;
  judge_dns();
}

void WhyWalk::judge_dns() {
  dns_done_ = true;
  const std::string record =
      "point " + host_ + " at this broker (an A or AAAA record, or a CNAME to " + broker_host_ + ")";
  if (!addresses_known_) {
    report_.warn(WhyStep::kDns, "no DNS server answered in time", "check the resolver of the broker's machine");
  } else if (addresses_.empty() && never_public(host_)) {
    report_.warn(WhyStep::kDns, host_ + " has no address; no public DNS has such names",
                 "clients need an entry of their own for it, or curl --resolve");
  } else if (addresses_.empty()) {
    report_.fail(WhyStep::kDns, host_ + " has no address", record);
  } else if (!broker_addresses_.empty() && addresses_ != broker_addresses_) {
    report_.warn(
        WhyStep::kDns,
        host_ + " is " + joined(addresses_, ", ") + ", but " + broker_host_ + " is " + joined(broker_addresses_, ", "),
        "if these do not lead to the same broker, " + record);
  } else {
    report_.good(WhyStep::kDns, host_ + " is " + joined(addresses_, ", "));
  }
  finish_when_done();
}

void WhyWalk::start_probe() {
  probe_ = std::make_unique<WhyProbe>([this](WhyFinding finding) {
    report_.at(WhyStep::kProbe) = with_protocol(std::move(finding), origin_protocol_);
    probe_done_ = true;
    finish_when_done();
  });
  probe_->start(*parts_.carrier, machine_, port_);
}

void WhyWalk::on_time_over() {
  if (!dns_done_) judge_dns();
  if (!certificate_done_) on_readiness("no DNS server answered in time");
  if (probe_done_) return;
  probe_done_ = true;
  report_.fail(WhyStep::kProbe, "no answer to a probe of port " + std::to_string(port_) + " within 3 s",
               "look at the agent: its tunnel is up, but it or the network does not answer");
  finish_when_done();
}

void WhyWalk::finish_when_done() {
  if (!dns_done_ || !certificate_done_ || !tunnels_done_ || !probe_done_ || servers_left_ != 0 || finishing_) return;
  finishing_ = true;
  // Later: the caller is one of our own parts, and `on_done` may destroy us.
  parts_.loop->defer([this, watch = std::weak_ptr<bool>(alive_)] {
    if (watch.expired()) return;
    const std::function<void(const WhyReport&)> on_done = std::move(on_done_);
    on_done(report_);
  });
}

}  // namespace ingress::broker::admin
