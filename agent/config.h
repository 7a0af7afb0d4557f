// The agent's settings, read from flags, environment and file, and checked whole before anything is touched.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/local/local_server.h"
#include "agent/session/tunnel_config.h"
#include "agent/target/target_policy.h"
#include "common/base/clock.h"
#include "common/cli/program.h"
#include "common/origin/origin_pool.h"

namespace ingress::agent {

// As they are written by the user.
struct Settings {
  std::string broker;
  std::string machine;
  cli::Secret token;
  std::string listen = "0.0.0.0:8080";
  std::string ca_file;
  int connections = 2;
  cli::Secret secret;
  bool open = false;
  std::vector<std::string> allow_target;
  std::vector<std::string> allow_port;
  std::vector<std::string> deny_port;
  std::vector<std::string> labels;
  Duration grace_period{30000};
  Duration upgrade_grace_period{12 * 3600 * 1000};
  bool supervise = false;
  Duration connect_timeout{60000};
  Duration origin_wait{2000};
  Duration origin_idle_timeout{3600000};
};

// As the program uses them.
struct Config {
  TunnelConfig tunnel;
  std::unique_ptr<tls::ClientContext> tls;
  std::optional<LocalOptions> local;  // none with --listen off
  TargetOptions targets;
  origin::Timeouts timeouts;
  Duration grace_period{0};
  Duration upgrade_grace_period{0};
  bool supervise = false;
  bool has_parent = false;  // is a child of --supervise
};

void declare(cli::Program& program, Settings& settings);

// A sentence for the operator where something is bad (exit 78). Reads files and the environment, opens nothing else.
tl::expected<Config, std::string> check(const Settings& settings);

}  // namespace ingress::agent
