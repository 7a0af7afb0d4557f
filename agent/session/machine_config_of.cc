#include "agent/session/machine_config_of.h"

#include <algorithm>
#include <utility>

#include "proto/tunnel.pb.h"

namespace ingress::agent {
namespace {

using tunnel::pb::Config;

bool is_port(uint32_t number) {
  constexpr uint32_t kHighestPort = 65535;
  return number >= 1 && number <= kHighestPort;
}

int port_or_default(uint32_t number) { return is_port(number) ? static_cast<int>(number) : kDefaultPort; }

MachineConfig::Project project_of(const Config::Project& told) {
  MachineConfig::Project project;
  project.slug = told.slug();
  project.default_port = port_or_default(told.default_port());
  project.attached = told.attached();
  for (const Config::Service& service : told.services()) {
    if (is_port(service.port())) project.services.push_back({service.name(), static_cast<int>(service.port())});
  }
  project.domains.assign(told.domains().begin(), told.domains().end());
  return project;
}

}  // namespace

MachineConfig machine_config_of(const Config& config) {
  constexpr uint32_t kHttps = 443;
  MachineConfig made;
  made.default_port = port_or_default(config.default_port());
  made.domains.assign(config.domains().begin(), config.domains().end());
  std::stable_sort(made.domains.begin(), made.domains.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  made.https_port = static_cast<int>(is_port(config.https_port()) ? config.https_port() : kHttps);
  for (const Config::Project& project : config.projects()) made.projects.push_back(project_of(project));
  for (const Config::Host& host : config.hosts()) {
    if (is_port(host.port())) made.hosts.push_back({host.name(), static_cast<int>(host.port())});
  }
  made.public_by_default = config.public_by_default();
  for (const uint32_t port : config.other_ports()) {
    if (is_port(port)) made.other_ports.push_back(static_cast<int>(port));
  }
  std::sort(made.other_ports.begin(), made.other_ports.end());
  return made;
}

}  // namespace ingress::agent
