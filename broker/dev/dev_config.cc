#include "broker/dev/dev_config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "broker/dev/beside.h"
#include "broker/dev/taken_places.h"
#include "broker/model/ids.h"
#include "broker/routing/host_name.h"
#include "broker/routing/pattern.h"
#include "common/tls/local_authority.h"
#include "common/uv/free_address.h"

namespace ingress::broker::dev {
namespace {

using Problem = tl::unexpected<std::string>;

constexpr int kHttpsPort = 8443;
constexpr int kAdminPort = 8481;
constexpr int kAdminPorts = 100;  // that are tried, from there on

std::string variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  return value == nullptr ? "" : value;
}

std::string refused(const char* setting, const std::string& text, std::string_view why) {
  std::string problem = setting;
  problem.append(" ").append(text).append(": ").append(why);
  return problem;
}

// Under each of them this machine has a host, which none of them may be, or stand before.
std::string machines_hidden(const std::vector<std::string>& domains) {
  for (const std::string& domain : domains) {
    const std::string kept = "machines." + domain;
    for (const std::string& name : domains) {
      if (name != kept && !name.ends_with("." + kept)) continue;
      return refused("--domain", name, "kept for the broker, which names this machine under " + kept);
    }
  }
  return "";
}

std::string take_domains(const DevSettings& settings, DevConfig& config) {
  config.domains = {std::string(kLocalDomain)};
  for (const std::string& text : settings.domain) {
    HostName name;
    if (!name.assign(text) || text.find(':') != std::string::npos) {
      return refused("--domain", text, "not a domain name");
    }
    if (name.text().find_first_not_of("0123456789.") == std::string::npos) {
      return refused("--domain", text, "not a name");
    }
    std::string domain;
    std::string problem;
    if (name.text() != kLocalDomain && !normalise_domain(name.text(), domain, problem)) {
      return refused("--domain", text, problem);
    }
    // The project has its own name under localhost anyway.
    if (domain.empty() || domain == settings.project + "." + std::string(kLocalDomain)) continue;
    const auto found = std::find(config.domains.begin(), config.domains.end(), domain);
    if (found == config.domains.end()) config.domains.push_back(std::move(domain));
  }
  config.choice.domains = config.domains;
  return machines_hidden(config.domains);
}

std::string take_services(const DevSettings& settings, DevConfig& config) {
  for (const std::string& text : settings.service) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const std::optional<int> port = equals == std::string::npos ? std::nullopt : parse_port(text.substr(equals + 1));
    if (!port || !slug_form(name)) {
      return refused("--service", text, "write NAME=PORT, the name of [a-z0-9-], e.g. backend=8765");
    }
    if (reserved_word(name)) return refused("--service", text, "this name is kept for the broker");
    if (const auto [taken, added] = config.services.try_emplace(name, *port); !added && taken->second != *port) {
      return refused("--service", text, "this name is port " + std::to_string(taken->second) + " already");
    }
  }
  return "";
}

bool has_ipv6() { return uv::is_free({"::1", 0, ""}); }

// Where a laptop listens by itself: loopback, or every address of its network. What another program has of it is no
// reason to do without: a name that leads to both families would lead to that program.
std::vector<uv::Address> local_addresses(bool lan, int port) {
  if (lan) return {uv::Address{has_ipv6() ? "::" : "0.0.0.0", port, ""}};
  std::vector<uv::Address> addresses = {uv::Address{"127.0.0.1", port, ""}};
  if (has_ipv6()) addresses.push_back({"::1", port, ""});
  return addresses;
}

bool may_have(bool lan, int port) {
  const std::vector<uv::Address> addresses = local_addresses(lan, port);
  return std::all_of(addresses.begin(), addresses.end(), looks_free);
}

void add_local(bool lan, int port, std::vector<uv::Address>& to) {
  const std::vector<uv::Address> addresses = local_addresses(lan, port);
  to.insert(to.end(), addresses.begin(), addresses.end());
}

// A port alone is one of this machine, and of its network where it is to be.
std::string take_addresses(const char* setting, const std::vector<std::string>& texts, bool lan,
                           std::vector<uv::Address>& to) {
  for (const std::string& text : texts) {
    const bool port_alone = text.starts_with(':');
    const Result<uv::Address> address = uv::Address::parse(port_alone ? "127.0.0.1" + text : text);
    if (!address || !address->unix_path.empty()) {
      return std::string("--") + setting + " " + text + ": not an address; write 127.0.0.1:8443 or :8443" +
             (std::string_view(setting) == "admin"
                  ? " (INGRESS_ADMIN, which ingressctl reads too, is this setting here)"
                  : "");
    }
    if (port_alone) {
      add_local(lan, address->port, to);
    } else {
      to.push_back(*address);
    }
  }
  return "";
}

// The agent inside has to come to an address that is in a certificate of the local CA, or by the name localhost. Where
// no such one is said (a public one, Tailscale's), loopback has the same port.
void put_own_first(std::vector<uv::Address>& https) {
  const auto own = std::find_if(https.begin(), https.end(), [](const uv::Address& address) {
    return is_any(address) || tls::is_private_address(address.ip);
  });
  if (own == https.end()) {
    https.insert(https.begin(), uv::Address{"127.0.0.1", https.front().port, ""});
  } else {
    std::rotate(https.begin(), own, own + 1);
  }
}

// Where nothing is said: 8443, and the ports that a URL needs not name where this user may have them.
void choose_listeners(DevConfig& config) {
  if (config.https.empty()) {
    if (may_have(config.lan, 443)) add_local(config.lan, 443, config.https);
    add_local(config.lan, kHttpsPort, config.https);
  }
  put_own_first(config.https);
  config.serve_clear = !config.http.empty();
  const bool https_is_default = std::any_of(config.https.begin(), config.https.end(),
                                            [](const uv::Address& address) { return address.port == 443; });
  if (!config.serve_clear && https_is_default && may_have(config.lan, 80)) {
    add_local(config.lan, 80, config.http);
  }
}

std::string take_admin(const DevSettings& settings, DevConfig& config) {
  config.admin.push_back(uv::Address{"", 0, config.admin_socket()});
  if (settings.admin == "off") return "";
  if (!settings.admin.empty()) return take_addresses("admin", {settings.admin}, false, config.admin);
  for (int port = kAdminPort; port < kAdminPort + kAdminPorts; ++port) {
    const uv::Address address{"127.0.0.1", port, ""};
    if (!uv::is_free(address)) continue;
    config.admin.push_back(address);
    return "";
  }
  return "";
}

std::string take_names(const DevSettings& settings, DevConfig& config) {
  if (!slug_form(settings.project) || reserved_word(settings.project)) {
    return "--project " + settings.project + ": not a name of [a-z0-9-], or one that is kept for the broker";
  }
  if (const std::string problem = machine_id_problem(settings.machine); !problem.empty()) {
    return "--machine: " + problem;
  }
  config.project = settings.project;
  config.machine = settings.machine;
  config.port = settings.port;
  for (const std::string& text : settings.query_host) {
    HostParameter parameter;
    if (!parse_host_parameter(text, parameter)) {
      return "--query-host " + text + ": write NAME={}.DOMAIN, e.g. replId={}.dev.localhost";
    }
    config.choice.parameters.push_back(std::move(parameter));
  }
  return "";
}

// As a shell has it, which leaves the "~" of --state-dir=~/x and of a file of settings as it is. Absolute, since the
// screen's commands are run from other folders.
std::string whole_path(const std::string& text) {
  const std::string home = variable("HOME");
  const bool of_home = !home.empty() && (text == "~" || text.starts_with("~/"));
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(of_home ? home + text.substr(1) : text, error);
  // Behind a symbolic link, ".." is not what stands before it.
  if (std::find(path.begin(), path.end(), "..") == path.end()) path = path.lexically_normal();
  std::string whole = error ? text : path.string();
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  return whole;
}

std::string take_files(const DevSettings& settings, DevConfig& config) {
  config.state_dir = settings.state_dir.empty() ? default_state_dir() : whole_path(settings.state_dir);
  if (config.state_dir.empty()) return "--state-dir must be said: neither XDG_STATE_HOME nor HOME is set";
  config.access_log = settings.access_log;
  config.agent = settings.agent.empty() ? program_beside("ingress-agent") : settings.agent;
  config.lan = settings.lan;
  return "";
}

}  // namespace

bool is_any(const uv::Address& address) { return address.ip == "::" || address.ip == "0.0.0.0"; }

// The XDG Base Directory Specification's.
std::string default_state_dir() {
  if (const std::string state = variable("XDG_STATE_HOME"); state.starts_with('/')) return state + "/ingress/dev";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.local/state/ingress/dev";
}

void declare(cli::Program& program, DevSettings& settings) {
  program.option("domain", settings.domain,
                 "a name that leads to this machine (/etc/hosts), beside localhost: the project's default port, its "
                 "services and ports below it; may be repeated");
  program.option("service", settings.service, "NAME=PORT: https://NAME.dev.localhost is that port; may be repeated");
  program.option("port", settings.port, "the default port, https://dev.localhost", 1, 65535);
  program.option("project", settings.project, "the project's name, as in https://dev.localhost");
  program.option("machine", settings.machine, "this machine's name, as in https://laptop.machines.localhost");
  program.option(
      "https", settings.https,
      "address of https, e.g. 127.0.0.1:9443 or :9443; may be repeated; else 8443, and 443 where it may be had");
  program.option("http", settings.http,
                 "address in clear, e.g. :3001; may be repeated; else 80 leads to https where both may be had");
  program.option("lan", settings.lan, "listen for other devices of the network, too");
  program.option("query-host", settings.query_host,
                 "a parameter that names the host, as NAME={}.DOMAIN (replId={}.dev.localhost), beside __host; may "
                 "be repeated");
  program.option("admin", settings.admin,
                 "address of the admin API and the dashboard, or off; else 127.0.0.1:8481, or the next free one");
  program.option("access-log", settings.access_log, "file that gets one JSON line for each exchange");
  program.option("state-dir", settings.state_dir,
                 "folder of the database and the local CA; else ingress/dev in $XDG_STATE_HOME or ~/.local/state");
  program.option("agent", settings.agent, "the program ingress-agent; else the one beside this program");
}

tl::expected<DevConfig, std::string> check(const DevSettings& settings) {
  DevConfig config;
  for (const auto& take : {take_files, take_domains, take_services, take_names}) {
    if (const std::string problem = take(settings, config); !problem.empty()) return Problem(problem);
  }
  for (const std::string& problem :
       {take_addresses("https", settings.https, config.lan, config.https),
        take_addresses("http", settings.http, config.lan, config.http), take_admin(settings, config)}) {
    if (!problem.empty()) return Problem(problem);
  }
  choose_listeners(config);
  if (const std::string problem = taken_problem(config); !problem.empty()) return Problem(problem);
  return config;
}

}  // namespace ingress::broker::dev
