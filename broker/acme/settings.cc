#include "broker/acme/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "broker/acme/env_file.h"
#include "common/dns/resolver.h"

namespace ingress::broker::acme {
namespace {

constexpr const char* kLetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
constexpr int kMostOrders = 100000;

// A folder that may not be looked into holds none.
bool is_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

bool is_program(const std::string& path) { return is_file(path) && ::access(path.c_str(), X_OK) == 0; }

// As execvp finds it.
bool is_found(const std::string& command) {
  if (command.find('/') != std::string::npos) return is_program(command);
  const char* const said = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  const std::string path = said == nullptr ? "/usr/local/bin:/usr/bin:/bin" : said;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    if (is_program(path.substr(begin, end - begin) + "/" + command)) return true;
    begin = end + 1;
  }
  return false;
}

// A setting that says something while nothing switches ACME on.
std::string idle_setting(const Settings& settings) {
  if (!settings.server.empty()) return "--acme-server";
  if (!settings.dns.empty()) return "--acme-dns";
  if (!settings.env_file.empty()) return "--acme-env-file";
  if (!settings.ca_file.empty()) return "--acme-ca-file";
  return settings.lego_options.empty() ? "" : "--acme-lego-option";
}

std::string check_files(const Settings& settings) {
  if (const auto environment = read_env_file(settings.env_file); !environment) {
    return "--acme-env-file " + environment.error();
  }
  if (!settings.ca_file.empty() && !is_file(settings.ca_file)) {
    return "--acme-ca-file " + settings.ca_file + ": not a file";
  }
  if (!settings.hook.empty() && !is_found(settings.hook)) {
    return "--acme-hook " + settings.hook + ": no such program";
  }
  if (settings.hook.empty() && !is_found(settings.command)) {
    return "--acme-command " + settings.command + ": no such program; Debian and Ubuntu have it: apt install lego";
  }
  return "";
}

}  // namespace

void declare(cli::Program& program, Settings& settings) {
  program.option("acme-email", settings.email, "the ACME account's address; switches certificates by ACME on");
  program.option("acme-server", settings.server, "the ACME directory's URL; Let's Encrypt where it is not said");
  program.option("acme-dns", settings.dns,
                 "lego's name of the DNS provider: certificates of DOMAIN, *.DOMAIN and *.machines.DOMAIN by DNS-01");
  program.option("acme-env-file", settings.env_file,
                 "file of NAME=VALUE lines, the DNS provider's credentials; read anew for each order");
  program.option("acme-ca-file", settings.ca_file, "a CA that the ACME server's own certificate is by (pebble)");
  program.option("acme-dir", settings.dir, "folder of the account and of what is under way; acme beside --db");
  program.option("acme-command", settings.command, "the program lego");
  program.option("acme-lego-option", settings.lego_options, "a word for lego's command line; may be repeated");
  program.option("acme-hook", settings.hook,
                 "a program that gets the certificates instead of lego; switches them on, too");
  program.choice("acme-ownership", settings.ownership, {"txt", "none"},
                 "what a custom domain must show before an order: the TXT record that `domain add` tells, or nothing");
  program.option("resolver", settings.resolver,
                 "DNS servers for ownership and `why`: 192.0.2.1, 192.0.2.1:5353; those of the system if not said");
  program.option("acme-renew-before", settings.renew_before,
                 "how long before its end a certificate is renewed; a third of its life at most");
  program.option("acme-retry", settings.retry, "the wait after a failed order; it doubles, up to a day");
  program.option("acme-timeout", settings.timeout, "how long an order may take");
  program.option("acme-orders", settings.orders, "orders an hour", 1, kMostOrders);
  program.option("acme-project-orders", settings.project_orders, "orders an hour for one project", 1, kMostOrders);
}

std::string check(Settings& settings, const std::string& db) {
  if (!settings.resolver.empty() && !dns::are_servers(settings.resolver)) {
    return "--resolver " + settings.resolver +
           ": not addresses; write 192.0.2.1 or 192.0.2.1:5353, with commas between";
  }
  if (!settings.on()) {
    const std::string idle = idle_setting(settings);
    return idle.empty() ? "" : idle + " needs --acme-email (or --acme-hook), which switches ACME on";
  }
  if (settings.server.empty()) settings.server = kLetsEncrypt;
  if (!settings.server.starts_with("https://")) return "--acme-server " + settings.server + ": not an https URL";
  // The program may have another working folder.
  const std::filesystem::path folder =
      settings.dir.empty() ? std::filesystem::path(db).replace_filename("acme") : std::filesystem::path(settings.dir);
  settings.dir = std::filesystem::absolute(folder).lexically_normal().string();
  if (settings.retry <= Duration{0} || settings.timeout <= Duration{0}) {
    return "--acme-retry and --acme-timeout must be above 0";
  }
  return check_files(settings);
}

}  // namespace ingress::broker::acme
