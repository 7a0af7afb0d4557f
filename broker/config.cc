#include "broker/config.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "broker/config_places.h"
#include "broker/routing/host_name.h"
#include "common/tls/tls_context.h"

namespace ingress::broker {
namespace {

using Problem = tl::unexpected<std::string>;

constexpr int kMostLoops = 64;
constexpr int kMostPort = 65535;

size_t loop_count(int said) {
  if (said > 0) return static_cast<size_t>(said);
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMostLoops);
}

tl::expected<std::vector<uv::Address>, std::string> parse_addresses(const char* setting,
                                                                    const std::vector<std::string>& texts,
                                                                    bool unix_too) {
  std::vector<uv::Address> addresses;
  for (const std::string& text : texts) {
    const Result<uv::Address> address = uv::Address::parse(text);
    if (!address || (!unix_too && !address->unix_path.empty())) {
      return Problem(std::string("--") + setting + " " + text +
                     ": not an address; write 0.0.0.0:443, [::]:443 or :443" + (unix_too ? ", or unix:/path" : ""));
    }
    addresses.push_back(*address);
  }
  return addresses;
}

tl::expected<std::vector<std::string>, std::string> parse_domains(const std::vector<std::string>& texts) {
  std::vector<std::string> domains;
  for (const std::string& text : texts) {
    HostName name;
    if (!name.assign(text) || text.find(':') != std::string::npos) {
      return Problem("--domain " + text + ": not a domain name");
    }
    domains.emplace_back(name.text());
  }
  if (domains.empty()) return Problem("--domain: at least one is needed");
  return domains;
}

std::string check_acme(const Settings& settings, Config& config) {
  config.acme = settings.acme;
  std::string problem = acme::check(config.acme, settings.db);
  if (problem.empty() && config.acme.on() && ::access(settings.tls_dir.c_str(), W_OK) != 0) {
    problem =
        "--tls-dir " + settings.tls_dir + ": certificates by ACME are written there, and it is no folder to write in";
  }
  if (config.acme.on() && config.acme_webroot.empty()) config.acme_webroot = config.acme.dir + "/webroot";
  return problem;
}

// By ACME the first certificate is still to come.
std::string check_tls_dir(const std::string& folder, bool may_be_empty) {
  if (folder.empty()) return "--tls-dir must be said with --https: the folder of NAME.crt and NAME.key pairs";
  tls::ServerContext context({"http/1.1"});
  std::string problem;
  const Status loaded = context.load(folder, [&problem](const std::string& path, const Error& error) {
    problem += "; " + path + ": " + error.context;
  });
  if (loaded || (may_be_empty && std::filesystem::is_directory(folder))) return "";
  return "--tls-dir " + folder + ": " + loaded.error().context + problem;
}

std::string check_auth(const Settings& settings, Config& config) {
  if (settings.default_auth.empty()) {
    return "--default-auth must be said: who may reach a machine where no policy says so (public, share, deny, or "
           "JSON)";
  }
  std::string problem;
  config.live.default_auth = auth_without_secrets(settings.default_auth);
  const Result<AuthRule> auth = parse_auth(config.live.default_auth, problem);
  if (auth) return "";
  // What is no word may hold a password.
  const bool is_word = settings.default_auth.find_first_of("{[\"") == std::string::npos;
  return "--default-auth" + (is_word ? " " + settings.default_auth : "") + ": " + problem;
}

std::string check_policy(const char* name, const std::string& said, std::string& kept) {
  if (said.empty()) return "";
  kept = without_secrets(said);
  std::string problem;
  const Result<Policy> policy = parse_policy(kept, problem);
  return policy ? "" : std::string("--") + name + ": " + problem;
}

std::string check_admin(const Settings& settings, Config& config) {
  if (settings.admin_token.given()) {
    const cli::Parsed<std::string> token = settings.admin_token.read();
    if (!token) return token.error();
    config.live.admin_token = *token;
  }
  for (const uv::Address& address : config.admin) {
    if (address.unix_path.empty() && config.live.admin_token.empty()) {
      return "--admin " + address.to_text() + " needs --admin-token-file: over TCP every request shows a token";
    }
  }
  return "";
}

bool is_under(const std::string& name, const std::string& domain) {
  return name == domain || name.ends_with("." + domain);
}

// Pages of tenants and the admin's must never be one site.
std::string check_admin_hosts(const Settings& settings, Config& config) {
  for (const std::string& text : settings.admin_host) {
    HostName name;
    if (!name.assign(text) || text.find(':') != std::string::npos) return "--admin-host " + text + ": not a host name";
    for (const std::string& domain : config.domains) {
      if (is_under(std::string(name.text()), domain)) {
        return std::string("--admin-host ").append(text).append(" is under --domain ").append(domain) +
               ": the admin is served on no tenant's domain";
      }
    }
    config.admin_hosts.emplace_back(name.text());
  }
  if (settings.admin_session < Duration{60000}) return "--admin-session must be a minute at least";
  config.admin_session = settings.admin_session;
  return "";
}

std::string check_wake(const Settings& settings, Config& config) {
  if (settings.wake_secret.given()) {
    const cli::Parsed<std::string> secret = settings.wake_secret.read();
    if (!secret) return secret.error();
    config.live.wake_secret = *secret;
  }
  const auto targets = origin::TargetRule::make(settings.allow_url_target);
  if (!targets) return "--allow-url-target " + targets.error();
  config.live.url_targets = *targets;
  return "";
}

std::string check_proxies(const Settings& settings, Config& config) {
  const auto trusted = proxies::TrustedProxies::make(settings.trusted_proxy);
  if (!trusted) return "--trusted-proxy " + trusted.error();
  config.live.proxies = {*trusted, settings.proxy_protocol == "on"};
  if (config.live.proxies.header && trusted->empty()) {
    return "--proxy-protocol on needs --trusted-proxy: from whom a PROXY header is taken";
  }
  return "";
}

// What is bound once must have the same address in each child.
std::string check_supervised(const Settings& settings, Config& config) {
  if (!settings.supervise) return "";
  for (const auto* addresses : {&config.http, &config.https, &config.admin}) {
    for (const uv::Address& address : *addresses) {
      if (address.unix_path.empty() && address.port == 0) return "--supervise needs ports that are said; 0 is any";
    }
  }
  return "";
}

std::string check_folders(const Settings& settings) {
  const std::filesystem::path parent = std::filesystem::path(settings.db).parent_path();
  if (settings.db.empty()) return "--db must name a file";
  if (!parent.empty() && !std::filesystem::is_directory(parent)) {
    return "--db " + settings.db + ": the folder " + parent.string() + " is not there";
  }
  if (!settings.secrets_dir.empty() && !std::filesystem::is_directory(settings.secrets_dir)) {
    return "--secrets-dir " + settings.secrets_dir + ": not a folder";
  }
  if (!settings.acme_webroot.empty() && !std::filesystem::is_directory(settings.acme_webroot)) {
    return "--acme-webroot " + settings.acme_webroot + ": not a folder";
  }
  return "";
}

bool same_addresses(const std::vector<uv::Address>& a, const std::vector<uv::Address>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const uv::Address& one, const uv::Address& other) { return one.to_text() == other.to_text(); });
}

}  // namespace

void declare(cli::Program& program, Settings& settings) {
  program.option("domain", settings.domains, "a DOMAIN that hosts are resolved under; may be repeated");
  program.option("http", settings.http, "address of a clear listener, e.g. 0.0.0.0:80; may be repeated");
  program.option("https", settings.https, "address of a TLS listener, for clients and tunnels; may be repeated");
  program.option("public-https-port", settings.public_https_port,
                 "port of the URLs that are shown and redirected to, where clients come by another than --https has (a "
                 "container's published one); 0: that of the first --https",
                 0, kMostPort);
  program.choice("http-mode", settings.http_mode, {"redirect", "serve"}, "what the clear listeners do");
  program.option("acme-webroot", settings.acme_webroot, "folder of ACME HTTP-01 challenges that --http answers");
  acme::declare(program, settings.acme);
  program.option("tls-dir", settings.tls_dir, "folder of NAME.crt and NAME.key pairs, watched for changes; live");
  program.option("default-auth", settings.default_auth,
                 "who may reach a machine where no policy says so: public, share, deny, or the JSON of a way in; live");
  program.option("policy", settings.policy, "what holds where no policy says so, a JSON object; live");
  program.option("secrets-dir", settings.secrets_dir, "folder of the files that policies name as secrets (jwt); live");
  program.option("enforce", settings.enforce, "what no policy can loosen, a JSON object; live");
  program.option("admin", settings.admin, "address of the admin API, unix:/path or 127.0.0.1:8481; may be repeated");
  program.secret("admin-token", settings.admin_token, "the admin API's bearer token; live");
  program.option("admin-host", settings.admin_host,
                 "name by which browsers come to the dashboard, beside localhost and addresses; may be repeated");
  program.option("admin-session", settings.admin_session, "how long a browser's login to the dashboard is good");
  program.option("db", settings.db, "the route table, an SQLite file");
  program.option("access-log", settings.access_log, "file that gets one JSON line for each exchange");
  program.option("grace-period", settings.grace_period,
                 "how long running exchanges may take to end after SIGTERM; live");
  program.option("head-timeout", settings.head_timeout, "how long a request's head may take; live");
  program.option("keep-alive-timeout", settings.keep_alive_timeout, "how long a client's connection may be idle; live");
  program.option("exchange-timeout", settings.exchange_timeout, "how long an exchange may be without a byte; live");
  program.option("reconnect-spread", settings.reconnect_spread, "agents spread their reconnects over this time; live");
  program.option(
      "park", settings.park,
      "how long a request waits for a machine that was connected lately or can be woken, where no policy says "
      "so; 0s: not at all; live");
  program.option("park-requests", settings.park_requests, "how many requests may wait for one machine; live", 0);
  program.option("park-head-bytes", settings.park_head_bytes, "how many bytes their heads may have together; live", 0);
  program.secret("wake-secret", settings.wake_secret, "what the webhooks of `wake` are signed with; live");
  program.option("allow-url-target", settings.allow_url_target,
                 "address, block (10.0.0.0/8) or host name that the URLs of policies may lead to though it is not "
                 "public; may be repeated; live");
  program.option("trusted-proxy", settings.trusted_proxy,
                 "address or block (10.0.0.0/8) of a proxy in front whose X-Forwarded-For, -Proto, -Host and -Port are "
                 "believed; may be repeated; live");
  program.choice("proxy-protocol", settings.proxy_protocol, {"off", "on"},
                 "on: connections from trusted proxies begin with a PROXY header, version 1 or 2, others have none; "
                 "live");
  program.option(
      "max-connections", settings.max_connections,
      "clients and tunnels at once; beyond, one that waits for a request is closed; 0: all that descriptors allow", 0);
  program.option("memory-budget", settings.memory_budget_mb,
                 "MiB that the process may use; beyond, new requests are answered 503; 0: no budget", 0);
  program.option("handshake-rate", settings.handshake_rate,
                 "TLS handshakes a second that one client address may begin; 0: any number", 0);
  program.option("supervise", settings.supervise,
                 "hold the sockets and run the broker as a child: started again when it dies, upgraded by SIGUSR2");
  program.option("loops", settings.loops, "threads that serve clients and tunnels; 0 for one a processor", 0,
                 kMostLoops);
  program.choice("scheduling", settings.scheduling, {"batch", "normal"},
                 "batch: who wakes a loop is not interrupted by it, which saves waking idle processors; normal: as "
                 "other programs");
}

void hide_secrets(Settings& settings) {
  settings.default_auth = auth_without_secrets(settings.default_auth);
  settings.policy = without_secrets(settings.policy);
  settings.enforce = without_secrets(settings.enforce);
}

std::vector<std::string> fixed_differences(const Config& a, const Config& b) {
  std::vector<std::string> names;
  const auto compare = [&names](const char* name, bool same) {
    if (!same) names.emplace_back(name);
  };
  compare("domain", a.domains == b.domains);
  compare("http", same_addresses(a.http, b.http));
  compare("https", same_addresses(a.https, b.https));
  compare("public-https-port", a.public_https_port == b.public_https_port);
  compare("admin", same_addresses(a.admin, b.admin));
  compare("admin-host", a.admin_hosts == b.admin_hosts);
  compare("admin-session", a.admin_session == b.admin_session);
  compare("http-mode", a.serve_clear == b.serve_clear);
  compare("acme-webroot", a.acme_webroot == b.acme_webroot);
  compare("acme-*, resolver", a.acme == b.acme);
  compare("db", a.db == b.db);
  compare("access-log", a.access_log == b.access_log);
  compare("max-connections", a.max_connections == b.max_connections);
  compare("memory-budget", a.memory_budget_bytes == b.memory_budget_bytes);
  compare("handshake-rate", a.handshake_rate == b.handshake_rate);
  compare("loops", a.loops == b.loops);
  compare("scheduling", a.schedule_in_turn == b.schedule_in_turn);
  compare("supervise", a.supervise == b.supervise);
  return names;
}

tl::expected<Config, std::string> check(const Settings& settings) {
  Config config;
  const auto http = parse_addresses("http", settings.http, false);
  if (!http) return Problem(http.error());
  const auto https = parse_addresses("https", settings.https, false);
  if (!https) return Problem(https.error());
  const auto admin = parse_addresses("admin", settings.admin, true);
  if (!admin) return Problem(admin.error());
  const auto domains = parse_domains(settings.domains);
  if (!domains) return Problem(domains.error());
  config.http = *http;
  config.https = *https;
  config.public_https_port = settings.public_https_port;
  config.admin = *admin;
  config.domains = *domains;
  config.serve_clear = settings.http_mode == "serve";
  config.acme_webroot = settings.acme_webroot;
  config.live.tls_dir = settings.tls_dir;
  config.live.secrets_dir = settings.secrets_dir;
  config.db = settings.db;
  config.access_log = settings.access_log;
  config.live.grace_period = settings.grace_period;
  config.live.head_timeout = settings.head_timeout;
  config.live.keep_alive_timeout = settings.keep_alive_timeout;
  config.live.exchange_timeout = settings.exchange_timeout;
  config.live.reconnect_spread = settings.reconnect_spread;
  config.live.park = settings.park;
  config.live.park_requests = static_cast<size_t>(settings.park_requests);
  config.live.park_head_bytes = static_cast<size_t>(settings.park_head_bytes);
  config.max_connections = settings.max_connections;
  config.memory_budget_bytes = static_cast<size_t>(settings.memory_budget_mb) * 1024 * 1024;
  config.handshake_rate = settings.handshake_rate;
  config.loops = loop_count(settings.loops);
  config.schedule_in_turn = settings.scheduling == "batch";
  config.supervise = settings.supervise;
  if (config.https.empty()) return Problem("--https must be said: tunnels come in by it, as clients do");
  for (const std::string& problem :
       {check_auth(settings, config), check_policy("policy", settings.policy, config.live.policy),
        check_policy("enforce", settings.enforce, config.live.enforce), check_admin(settings, config),
        check_admin_hosts(settings, config), check_wake(settings, config), check_proxies(settings, config),
        check_supervised(settings, config), check_folders(settings), check_acme(settings, config),
        check_tls_dir(settings.tls_dir, settings.acme.on())}) {
    if (!problem.empty()) return Problem(problem);
  }
  if (const std::string problem = check_places(config); !problem.empty()) return Problem(problem);
  return config;
}

}  // namespace ingress::broker
