// The broker's settings, read from flags, environment and file, and checked whole before anything is touched.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/acme/settings.h"
#include "broker/policy/policy.h"
#include "common/base/clock.h"
#include "common/cli/program.h"
#include "common/origin/target_rule.h"
#include "common/proxies/proxy_settings.h"
#include "common/uv/socket.h"

namespace ingress::broker {

namespace dev {
struct DevConfig;
}

// As they are written by the user.
struct Settings {
  std::vector<std::string> domains = {"iterate.app"};
  std::vector<std::string> http;
  std::vector<std::string> https;
  int public_https_port = 0;
  std::vector<std::string> admin;
  std::vector<std::string> admin_host;
  Duration admin_session{43200000};
  std::string http_mode = "redirect";
  std::string acme_webroot;
  acme::Settings acme;
  std::string tls_dir;
  std::string default_auth;
  std::string policy;
  std::string enforce;
  std::string secrets_dir;
  std::string db = "/var/lib/ingress/routes.db";
  std::string access_log;
  cli::Secret admin_token;
  cli::Secret wake_secret;
  std::vector<std::string> allow_url_target;
  std::vector<std::string> trusted_proxy;
  std::string proxy_protocol = "off";
  Duration grace_period{30000};
  Duration head_timeout{30000};
  Duration keep_alive_timeout{75000};
  Duration exchange_timeout{3600000};
  Duration reconnect_spread{0};
  Duration park{10000};
  int park_requests = 1000;
  int park_head_bytes = 4 * 1024 * 1024;
  int max_connections = 0;
  int memory_budget_mb = 0;
  int handshake_rate = 0;
  int loops = 1;
  std::string scheduling = "batch";
  bool supervise = false;
};

// Those that change while the broker runs (SIGHUP).
struct LiveSettings {
  std::string tls_dir;
  // JSON, secrets in them hashed.
  std::string default_auth;
  std::string policy = "{}";
  std::string enforce = "{}";
  std::string secrets_dir;
  std::string admin_token;
  std::string wake_secret;
  origin::TargetRule url_targets;
  proxies::ProxySettings proxies;
  Duration grace_period{0};
  Duration head_timeout{0};
  Duration keep_alive_timeout{0};
  Duration exchange_timeout{0};
  Duration reconnect_spread{0};
  Duration park{0};
  size_t park_requests = 0;
  size_t park_head_bytes = 0;

  bool operator==(const LiveSettings&) const = default;
};

// As the program uses them.
struct Config {
  LiveSettings live;
  std::vector<std::string> domains;
  std::vector<uv::Address> http;
  std::vector<uv::Address> https;
  int public_https_port = 0;  // of the URLs that are shown; 0: the first that is bound
  std::vector<uv::Address> admin;
  std::vector<std::string> admin_hosts;
  Duration admin_session{0};
  bool serve_clear = false;
  std::string acme_webroot;
  acme::Settings acme;
  std::string db;
  std::string access_log;
  int max_connections = 0;         // 0: as many as descriptors allow
  size_t memory_budget_bytes = 0;  // 0: none
  int handshake_rate = 0;          // a second and address; 0: none
  size_t loops = 1;
  bool schedule_in_turn = true;
  bool supervise = false;
  std::shared_ptr<const dev::DevConfig> dev;  // of `ingress-broker dev`, else null
};

void declare(cli::Program& program, Settings& settings);

// A sentence for the operator where something is bad (exit 78). Reads files, opens nothing for writing.
tl::expected<Config, std::string> check(const Settings& settings);

// Turns passwords and tokens in policies into hashes: for settings that are shown.
void hide_secrets(Settings& settings);

// Settings that are not live and differ, by name.
std::vector<std::string> fixed_differences(const Config& a, const Config& b);

}  // namespace ingress::broker
