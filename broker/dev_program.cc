#include "broker/dev_program.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "broker/app.h"
#include "broker/dev/dev_config.h"
#include "broker/dev/state_folder.h"
#include "common/base/hex.h"
#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

// Ctrl-C ends it: who still downloads is not waited for.
constexpr Duration kGracePeriod{1000};
constexpr Duration kPark{10000};

// Made at the first start, and kept for scripts and the browser's log-in. "" where that fails.
std::string admin_token(const std::string& path) {
  std::string token;
  if (std::ifstream(path) >> token && token.size() >= 32) return token;
  token = to_hex(tls::random_bytes(32));
  return dev::put_private_file(path, token + "\n") ? token : "";
}

// A sentence where the folder cannot be had. Who may read it is its owner's choice: the table that is made in it has
// secrets of policies.
std::string make_folder(const dev::DevConfig& dev) {
  Status made = dev::make_state_folder(dev.state_dir);
  if (made) made = dev::make_private_file(dev.database());
  if (made) return "";
  return dev.state_dir + " cannot be used: " + std::generic_category().message(made.error().sys_errno);
}

// The same broker as `run` has it, with what a laptop needs said.
tl::expected<Config, std::string> config_of(const dev::DevConfig& dev) {
  if (std::string problem = make_folder(dev); !problem.empty()) return tl::unexpected(std::move(problem));
  Config config;
  config.live.tls_dir = dev.tls_dir();
  config.live.default_auth = "public";
  config.live.admin_token = admin_token(dev.admin_token_file());
  if (config.live.admin_token.empty()) return tl::unexpected(dev.admin_token_file() + " cannot be written");
  config.live.grace_period = kGracePeriod;
  config.live.head_timeout = Settings{}.head_timeout;
  config.live.keep_alive_timeout = Settings{}.keep_alive_timeout;
  config.live.exchange_timeout = Settings{}.exchange_timeout;
  config.live.park = kPark;
  config.live.park_requests = static_cast<size_t>(Settings{}.park_requests);
  config.live.park_head_bytes = static_cast<size_t>(Settings{}.park_head_bytes);
  config.domains = dev.domains;
  config.http = dev.http;
  config.https = dev.https;
  config.admin = dev.admin;
  config.admin_session = Settings{}.admin_session;
  config.serve_clear = dev.serve_clear;
  config.db = dev.database();
  config.access_log = dev.access_log;
  config.dev = std::make_shared<const dev::DevConfig>(dev);
  return config;
}

}  // namespace

bool is_dev(int argc, const char* const* argv) {
  const auto is_flag = [](std::string_view word) { return word.starts_with('-'); };
  const char* const* const first = std::find_if_not(argv + 1, argv + argc, is_flag);
  return argc > 1 && first != argv + argc && std::string_view(*first) == "dev" && first == argv + 1;
}

int run_dev(int argc, const char* const* argv) {
  dev::DevSettings settings;
  cli::Program program("ingress-broker", INGRESS_VERSION,
                       "Everything for one laptop: each listening port at https://PORT__dev.localhost:8443, at once.\n"
                       "A database and a local CA are made on first use; the agent is inside. No root, no set-up.");
  program.command("dev", "serve this machine's ports until Ctrl-C");
  program.example("ingress-broker dev --service backend=8765 --domain shop.test");
  program.quiet_by_default();
  dev::declare(program, settings);
  const cli::Choice choice = program.run(argc, argv);
  if (choice.exit_code) return *choice.exit_code;
  // Its own screen has it exported so, for ingressctl: it is no address that is wished for here.
  if (program.by_environment("admin") && settings.admin.starts_with("unix:")) settings.admin.clear();
  const auto dev_config = dev::check(settings);
  if (!dev_config) return program.refuse(dev_config.error());
  const auto config = config_of(*dev_config);
  if (!config) return program.refuse(config.error());
  return run(*config, ConfigSource(argc, argv));
}

}  // namespace ingress::broker
