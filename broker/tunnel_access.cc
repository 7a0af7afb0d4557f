#include "broker/tunnel_access.h"

#include <ctime>

#include "broker/model/ids.h"
#include "broker/routing/index_nodes.h"
#include "broker/routing/machine_view.h"
#include "common/tls/digest.h"
#include "proto/tunnel.pb.h"

namespace ingress::broker {
namespace {

using ConfigMessage = tunnel::pb::Config;

// DOMAINs in CONFIG; a host under another one is a foreign name to the agent.
constexpr size_t kMostDomains = 64;

void add_project(ConfigMessage& config, const MachineView::Project& project) {
  ConfigMessage::Project& added = *config.add_projects();
  added.set_slug(project.slug);
  added.set_default_port(static_cast<uint32_t>(project.default_port));
  added.set_attached(project.attached);
  for (const MachineView::Service& service : project.services) {
    ConfigMessage::Service& of_project = *added.add_services();
    of_project.set_name(service.name);
    of_project.set_port(static_cast<uint32_t>(service.port));
  }
  for (const std::string& domain : project.domains) added.add_domains(domain);
}

}  // namespace

TunnelAuthority::Verdict TunnelAccess::check(std::string_view machine, std::string_view token) {
  const std::string digest = tls::sha256_hex(token);
  const RouteIndex& index = routes_.read();
  const Machine* known = index.machine(machine);
  if (known == nullptr || known->id != machine) {
    if (known != nullptr || !may_join(machine, token, digest)) return Verdict::kUnknownMachine;
    if (!join_problem(machine, token).empty()) return Verdict::kJoinRefused;
    joiner_->join(std::string(machine), std::string(join_token_id(token)), digest);
    return Verdict::kJoining;
  }
  if (index.token_machine(machine, digest).empty()) return Verdict::kBadToken;
  return known->state == MachineState::kArchived ? Verdict::kArchived : Verdict::kGood;
}

std::string TunnelAccess::join_problem(std::string_view machine, std::string_view token) {
  return joiner_ == nullptr ? std::string() : joiner_->lately_refused(machine, join_token_id(token));
}

bool TunnelAccess::still_opens(std::string_view machine, std::string_view token_sha256) {
  const RouteIndex& index = routes_.read();
  const Machine* const known = index.machine(machine);
  return known != nullptr && known->state != MachineState::kArchived &&
         !index.token_machine(machine, token_sha256).empty();
}

bool TunnelAccess::config_of(std::string_view machine, ConfigMessage& config) {
  const RouteIndex& index = routes_.read();
  MachineView view;
  if (!index.view_of(machine, view, std::time(nullptr))) return false;
  config.set_default_port(static_cast<uint32_t>(view.default_port));
  config.set_https_port(static_cast<uint32_t>(https_port_));
  for (const std::string& domain : index.domains()) {
    if (static_cast<size_t>(config.domains_size()) < kMostDomains) config.add_domains(domain);
  }
  for (const MachineView::Project& project : view.projects) add_project(config, project);
  for (const MachineView::Host& host : view.hosts) {
    ConfigMessage::Host& added = *config.add_hosts();
    added.set_name(host.name);
    added.set_port(static_cast<uint32_t>(host.port));
  }
  config.set_public_by_default(view.public_by_default);
  for (const int port : view.other_ports) config.add_other_ports(static_cast<uint32_t>(port));
  return true;
}

bool TunnelAccess::may_join(std::string_view machine, std::string_view token, const std::string& digest) const {
  const JoinToken* known = routes_.read().join_token(join_token_id(token));
  if (joiner_ == nullptr || known == nullptr || !tls::equal_constant_time(known->sha256, digest)) return false;
  return known->uses_left != 0 && !is_over(known->expires_at, std::time(nullptr)) && machine_id_form(machine) &&
         !reserved_word(machine);
}

}  // namespace ingress::broker
