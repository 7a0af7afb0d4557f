#include "broker/dev/dev_session.h"

#include <ctime>
#include <fstream>
#include <utility>

#include "broker/dev/beside.h"
#include "broker/dev/dev_setup.h"
#include "common/uv/free_address.h"

namespace ingress::broker::dev {
namespace {

constexpr Duration kLookInterval{250};
// The agent tells its ports within that time; the screen waits for them, but not for ever.
constexpr int kLooksForPorts = 12;
constexpr int kLooksBetweenAddresses = 20;
constexpr int kLooksBetweenBrowsers = 8;

}  // namespace

DevSession::DevSession(uv::Loop& loop, const DevConfig& config, std::unique_ptr<DevCertificates> certificates)
    : config_(config), certificates_(std::move(certificates)), agent_(loop), timer_(loop, [this] { look(); }) {}

void DevSession::set_up(Store& store, std::function<void(std::string problem)> done) {
  dev::set_up(store, config_, [this, done = std::move(done)](tl::expected<std::string, std::string> token) {
    if (!token) return done(token.error());
    token_ = std::move(*token);
    done("");
  });
}

// The broker's own ports are no origins: a request to them would come round again.
uv::ChildProgram DevSession::agent_program(int https_port) const {
  uv::ChildProgram program;
  uv::Address broker = config_.https.front();
  broker.port = https_port;
  const std::string where = is_any(broker) ? "localhost:" + std::to_string(https_port) : broker.to_text();
  program.argv = {config_.agent, "run",           "--broker",       "https://" + where,
                  "--machine",   config_.machine, "--ca-file",      certificates_->bundle_path(),
                  "--listen",    "off",           "--grace-period", "1s",
                  "--log-level", "error"};
  for (const auto* addresses : {&config_.https, &config_.http, &config_.admin}) {
    for (const uv::Address& address : *addresses) {
      if (address.port == 0) continue;
      program.argv.insert(program.argv.end(), {"--deny-port", std::to_string(address.port)});
    }
  }
  // What is set for this program (or for ingressctl, or an agent elsewhere) is no setting of the agent inside.
  program.withheld = "INGRESS_";
  program.more_environment = {"INGRESS_TOKEN=" + token_, "HTTPS_PROXY=", "https_proxy="};
  program.ends_with_parent = true;
  return program;
}

// ingressctl knows of itself where the CAs of this user are, but not of another folder, nor by sudo.
void DevSession::add_trust(ScreenFacts& facts) const {
  const std::string command = program_to_type("ingressctl") + " cert trust";
  const std::string there = " --ca-dir " + config_.authority_dir();
  facts.trust = trust_;
  facts.trust_command = config_.state_dir == default_state_dir() ? command : command + there;
  facts.system_trust_command = "sudo " + command + there;
}

ScreenFacts DevSession::facts(const Landing& landing, const std::string& version) const {
  ScreenFacts facts;
  facts.version = version;
  facts.bundle_path = certificates_->bundle_path();
  add_trust(facts);
  facts.any_port_url = landing.url_of("N__" + config_.project + ".localhost");
  facts.machine_url = landing.url_of(config_.machine + ".machines.localhost");
  for (size_t i = 1; i < config_.domains.size(); ++i) facts.own_names.push_back(landing.url_of(config_.domains[i]));
  facts.lan_urls = landing.network_urls(uv::network_addresses());
  facts.admin = "unix:" + config_.admin_socket();
  for (const uv::Address& address : config_.admin) {
    if (address.unix_path.empty()) facts.dashboard = "http://" + address.to_text() + "/";
  }
  facts.token_path = config_.admin_token_file();
  // Behind the "#" it is sent to nobody: the page takes it from there.
  if (std::string token; std::ifstream(facts.token_path) >> token && !facts.dashboard.empty()) {
    facts.dashboard_login = facts.dashboard + "#token=" + token;
  }
  return facts;
}

bool DevSession::start(Landing& landing, int https_port, const std::string& version) {
  landing_ = &landing;
  landing.set_https_port(https_port);
  trust_ = certificates_->trust();
  screen_ = std::make_unique<Screen>(facts(landing, version));
  if (!agent_.start(agent_program(https_port))) return false;
  timer_.start(kLookInterval, kLookInterval);
  return true;
}

void DevSession::look() {
  look_at_addresses();
  std::vector<LandingEntry> entries = landing_->entries();
  if (!landing_->has_ports() && ++looks_ < kLooksForPorts) return;
  look_at_browsers();
  screen_->show(std::move(entries), trust_);
}

void DevSession::look_at_addresses() {
  if (++looks_at_addresses_ % kLooksBetweenAddresses != 0) return;
  certificates_->keep_current(uv::network_addresses(), std::time(nullptr));
}

void DevSession::look_at_browsers() {
  if (trust_.browsers || ++looks_at_browsers_ % kLooksBetweenBrowsers != 0) return;
  if (certificates_->browsers_trust().value_or(false)) trust_ = certificates_->trust();
}

void DevSession::stop(std::function<void()> done) {
  timer_.stop();
  agent_.stop(std::move(done));
}

}  // namespace ingress::broker::dev
