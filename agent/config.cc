#include "agent/config.h"

#include <system_error>

#include "common/base/names.h"
#include "common/http/escape.h"

namespace ingress::agent {
namespace {

using Problem = tl::unexpected<std::string>;

constexpr size_t kMostLabels = 32;
constexpr size_t kLongestLabel = 256;
constexpr int kMostConnections = 16;

std::string reason_of(const Error& error) {
  std::string text = error.context;
  if (error.sys_errno != 0) text.append(" (").append(std::generic_category().message(error.sys_errno)).append(")");
  return text;
}

// Each check returns the sentence of what is wrong, "" where nothing is.
std::string check_broker(const Settings& settings, Config& config) {
  if (settings.broker.empty()) {
    return "--broker must be said: the URL of the broker, such as https://broker.iterate.app";
  }
  auto url = BrokerUrl::parse(settings.broker);
  if (!url) return "--broker: " + url.error();
  config.tunnel.broker = std::move(*url);
  auto proxy = choose_proxy(ProxyEnvironment::read(), config.tunnel.broker);
  if (!proxy) return proxy.error();
  config.tunnel.proxy = std::move(*proxy);
  return "";
}

std::string check_machine(const Settings& settings, Config& config) {
  if (settings.machine.empty()) return "--machine must be said: this machine's id at the broker";
  if (const std::string problem = machine_id_problem(settings.machine); !problem.empty()) {
    return "--machine: " + problem;
  }
  config.tunnel.machine = settings.machine;
  return "";
}

std::string check_token(const Settings& settings, Config& config) {
  if (!settings.token.given()) {
    return "no token: name a file by --token-file, or put the token into INGRESS_TOKEN";
  }
  const auto token = settings.token.read();
  if (!token) return "--token-file: " + token.error();
  config.tunnel.token = settings.token;
  return "";
}

std::string check_tls(const Settings& settings, Config& config) {
  auto context = tls::ClientContext::create(settings.ca_file, {std::string(kTunnelAlpn)});
  if (!context) {
    return (settings.ca_file.empty() ? std::string("the system's CAs") : "--ca-file " + settings.ca_file) + ": " +
           reason_of(context.error());
  }
  config.tls = std::move(*context);
  config.tunnel.tls = config.tls.get();
  return "";
}

std::string check_ports(const char* flag, const std::vector<std::string>& texts, std::vector<PortRange>& to) {
  for (const std::string& text : texts) {
    const auto ranges = parse_port_ranges(text);
    if (!ranges) return std::string("--") + flag + ": '" + text + "' is no port or range such as 3000 or 3000-3999";
    to.insert(to.end(), ranges->begin(), ranges->end());
  }
  return "";
}

// One of this machine's own that is denied stays so: its denial outweighs, and every request would be refused.
std::string check_local_targets(const TargetOptions& targets) {
  const TargetPolicy policy(targets);
  for (const NamedTarget& target : targets.allow_targets) {
    if (!target.is_local() || policy.allows(target.port)) continue;
    return "--allow-target: port " + std::to_string(target.port) +
           " of this machine is denied; --allow-port and --deny-port say which of its ports may be reached";
  }
  return "";
}

std::string check_targets(const Settings& settings, Config& config) {
  for (const std::string& text : settings.allow_target) {
    const auto target = NamedTarget::parse(text);
    if (!target) return "--allow-target: '" + text + "' is no HOST:PORT such as sidecar:9000";
    config.targets.allow_targets.push_back(*target);
  }
  std::string problem = check_ports("allow-port", settings.allow_port, config.targets.allow_ports);
  if (problem.empty()) problem = check_ports("deny-port", settings.deny_port, config.targets.deny_ports);
  return problem.empty() ? check_local_targets(config.targets) : problem;
}

std::string check_labels(const Settings& settings, Config& config) {
  for (const std::string& text : settings.labels) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || text.size() > kLongestLabel) {
      return "--label: '" + text + "' is no NAME=VALUE of up to 256 bytes";
    }
    if (const std::string shown = http::utf8_or_ascii(text); shown != text) {
      return "--label: '" + shown + "' is not UTF-8";
    }
    config.tunnel.labels[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return config.tunnel.labels.size() > kMostLabels ? "--label: more than 32 labels" : "";
}

std::string check_local(const Settings& settings, Config& config) {
  if (settings.secret.given() && settings.open) {
    return "--open and --secret-file exclude each other: with a secret every peer that shows it is served";
  }
  if (settings.listen == "off") {
    if (settings.secret.given() || settings.open) return "--listen off leaves nothing for --secret-file or --open";
    return "";
  }
  LocalOptions options;
  const auto address = uv::Address::parse(settings.listen);
  if (!address || !address->unix_path.empty()) {
    return "--listen: '" + settings.listen + "' is no address such as 0.0.0.0:8080 or [::]:8080, nor off";
  }
  options.address = *address;
  if (settings.secret.given()) {
    const auto secret = settings.secret.read();
    if (!secret) return "--secret-file: " + secret.error();
    options.secret = *secret;
  }
  options.open = settings.open;
  options.timeouts = config.timeouts;
  options.connection.exchange_timeout = settings.origin_idle_timeout;
  config.local = std::move(options);
  return "";
}

// What is bound once must have the same address in each child.
std::string check_supervised(const Settings& settings, Config& config) {
  config.supervise = settings.supervise;
  if (settings.supervise && config.local && config.local->address.port == 0) {
    return "--supervise needs a port in --listen that is said; 0 is any";
  }
  return "";
}

std::string check_times(const Settings& settings, Config& config) {
  if (settings.connect_timeout.count() == 0) return "--connect-timeout: 0 would fail every request";
  if (settings.origin_idle_timeout.count() == 0) return "--origin-idle-timeout: 0 would fail every request";
  config.timeouts.connect = settings.connect_timeout;
  config.timeouts.refused_wait = settings.origin_wait;
  config.timeouts.idle = settings.origin_idle_timeout;
  config.grace_period = settings.grace_period;
  config.upgrade_grace_period = settings.upgrade_grace_period;
  return "";
}

}  // namespace

void declare(cli::Program& program, Settings& settings) {
  program.option("broker", settings.broker, "URL of the broker: https://HOST[:PORT]");
  program.option("machine", settings.machine, "this machine's id at the broker");
  program.secret("token", settings.token, "file with the machine's token, read anew for each connection");
  program.option("ca-file", settings.ca_file, "PEM file of CAs to trust beside the system's");
  program.option("connections", settings.connections, "how many tunnels to hold", 1, kMostConnections);
  program.option("label", settings.labels, "NAME=VALUE that the broker lists with the tunnels; may be repeated");
  program.option("listen", settings.listen, "address for a provider's own ingress, or off");
  program.secret("secret", settings.secret, "file with the secret that requests to --listen must show");
  program.option("open", settings.open, "serve every peer on --listen, not loopback alone");
  program.option("allow-target", settings.allow_target,
                 "HOST:PORT beside this machine that may be reached; may be repeated");
  program.option("allow-port", settings.allow_port,
                 "port or range that may be reached, and then no other; may be repeated");
  program.option("deny-port", settings.deny_port, "port or range that may not be reached; may be repeated");
  program.option("grace-period", settings.grace_period, "how long running streams may take to end after SIGTERM");
  program.option("upgrade-grace-period", settings.upgrade_grace_period,
                 "how long streams of an agent that was upgraded may run on");
  program.option("supervise", settings.supervise,
                 "run the agent as a child: started again when it dies, upgraded by SIGUSR2 or SIGHUP");
  program.option("connect-timeout", settings.connect_timeout, "how long connecting to an origin may take");
  program.option("origin-wait", settings.origin_wait,
                 "how long a port that refuses is tried again, where it listened in the last minute");
  program.option("origin-idle-timeout", settings.origin_idle_timeout, "how long an exchange may be without a byte");
}

tl::expected<Config, std::string> check(const Settings& settings) {
  Config config;
  const auto checks = {check_broker,  check_machine, check_token, check_tls,       check_times,
                       check_targets, check_labels,  check_local, check_supervised};
  for (const auto each : checks) {
    std::string problem = each(settings, config);
    if (!problem.empty()) return Problem(std::move(problem));
  }
  config.tunnel.connections = settings.connections;
  config.tunnel.agent_version = INGRESS_VERSION;
  return config;
}

}  // namespace ingress::agent
