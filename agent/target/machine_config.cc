#include "agent/target/machine_config.h"

#include <algorithm>

#include "agent/target/port_range.h"
#include "common/base/names.h"

namespace ingress::agent {
namespace {

using Config = MachineConfig;

tl::unexpected<Error> leads_nowhere() {
  return fail(ErrorCode::kInvalidProxyTargetHost, Side::kClient, "no service of the project has that name");
}

// What is before the last dot that `domain` follows; nullopt where the host is not under it.
std::optional<std::string_view> before(std::string_view host, std::string_view domain) {
  if (host.size() <= domain.size() + 1 || !host.ends_with(domain)) return std::nullopt;
  host.remove_suffix(domain.size());
  if (host.back() != '.') return std::nullopt;
  return host.substr(0, host.size() - 1);
}

const Config::Project* find_project(const Config& config, std::string_view slug) {
  const auto found = std::find_if(config.projects.begin(), config.projects.end(),
                                  [slug](const Config::Project& each) { return each.slug == slug; });
  return found == config.projects.end() ? nullptr : &*found;
}

// The name between `__` (or `--`) and the DOMAIN; all of it where there is neither.
std::string_view split_prefix(std::string_view label, std::string_view& prefix) {
  const size_t at = std::min(label.find("__"), label.find("--"));
  if (at == std::string_view::npos || at == 0) return label;
  prefix = label.substr(0, at);
  return label.substr(at + 2);
}

Result<int> port_in(std::string_view digits) {
  return parse_port(digits).map_error([](const Error&) { return leads_nowhere().value(); });
}

// The label before the project's name and a dot: a service, or a name with a port before it, which then holds.
Result<int> port_of_service(const Config::Project& project, std::string_view label) {
  std::string_view port;
  const std::string_view name = split_prefix(label, port);
  if (all_digits(port) && slug_form(name)) return port_in(port);
  for (const Config::Service& service : project.services) {
    if (service.name == label) return service.port;
  }
  return leads_nowhere();
}

// A port or a service of the project, before `__`, `--` or a dot.
Result<int> port_of_prefix(const Config::Project& project, std::string_view prefix) {
  return all_digits(prefix) ? port_in(prefix) : port_of_service(project, prefix);
}

// `name` is what stands before the DOMAIN.
std::optional<Result<int>> port_under_domain(const Config& config, std::string_view name) {
  const size_t dot = name.find('.');
  if (dot != std::string_view::npos) {
    const Config::Project* const project = find_project(config, name.substr(dot + 1));
    if (project == nullptr) return std::nullopt;
    return port_of_service(*project, name.substr(0, dot));
  }
  std::string_view prefix;
  const Config::Project* const project = find_project(config, split_prefix(name, prefix));
  if (project == nullptr) return std::nullopt;
  if (!prefix.empty()) return port_of_prefix(*project, prefix);
  if (!project->attached) return std::nullopt;
  return project->default_port;
}

std::string with_port(const std::string& host, int https_port) {
  return "https://" + host + (https_port == 443 ? std::string() : ":" + std::to_string(https_port)) + "/";
}

// Hosts that end at `port` by a name.
void add_named(const Config& config, const Config::Project& project, int port, std::vector<std::string>& hosts) {
  for (const std::string& domain : config.domains) {
    if (project.attached && project.default_port == port) hosts.push_back(project.slug + "." + domain);
    for (const Config::Service& service : project.services) {
      if (service.port == port) hosts.push_back(service.name + "__" + project.slug + "." + domain);
    }
  }
  for (const std::string& domain : project.domains) {
    if (project.default_port == port) hosts.push_back(domain);
  }
}

// And by its number.
void add_numbered(const Config& config, const Config::Project& project, int port, std::vector<std::string>& hosts) {
  if (!project.attached || project.default_port == port) return;
  for (const std::string& domain : config.domains) {
    hosts.push_back(std::to_string(port) + "__" + project.slug + "." + domain);
  }
}

}  // namespace

bool MachineConfig::is_public(int port) const {
  return std::binary_search(other_ports.begin(), other_ports.end(), port) != public_by_default;
}

std::optional<Result<int>> MachineConfig::port_of(std::string_view host) const {
  for (const Host& each : hosts) {
    if (each.name == host) return each.port;
  }
  for (const Project& project : projects) {
    for (const std::string& domain : project.domains) {
      if (host == domain) return project.default_port;
    }
  }
  for (const std::string& domain : domains) {
    if (const auto name = before(host, domain)) return port_under_domain(*this, *name);
  }
  const size_t dot = host.find('.');
  for (const Project& project : projects) {
    for (const std::string& domain : project.domains) {
      if (dot != std::string_view::npos && host.substr(dot + 1) == domain) {
        return port_of_prefix(project, host.substr(0, dot));
      }
    }
  }
  return std::nullopt;
}

std::vector<std::string> MachineConfig::urls_of(int port, const std::string& machine) const {
  std::vector<std::string> names;
  for (const Project& project : projects) add_named(*this, project, port, names);
  for (const Host& host : hosts) {
    if (host.port == port) names.push_back(host.name);
  }
  for (const Project& project : projects) add_numbered(*this, project, port, names);
  for (const std::string& domain : domains) {
    std::string& name = names.emplace_back();
    if (port != default_port) name.append(std::to_string(port)).append("__");
    name.append(machine).append(".machines.").append(domain);
  }
  std::vector<std::string> urls;
  urls.reserve(names.size());
  for (const std::string& name : names) urls.push_back(with_port(name, https_port));
  return urls;
}

}  // namespace ingress::agent
