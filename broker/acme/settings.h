// How the broker gets certificates: its settings, declared and checked.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/cli/program.h"

namespace ingress::broker::acme {

struct Settings {
  std::string server;  // "" for Let's Encrypt
  std::string email;
  std::string dns;  // a DNS provider of lego; "": no DNS-01
  std::string env_file;
  std::string ca_file;
  std::string dir;  // "" for acme beside the database
  std::string command = "lego";
  std::string hook;  // "" for lego
  std::vector<std::string> lego_options;
  std::string ownership = "txt";
  std::string resolver;
  Duration renew_before{std::chrono::hours(24 * 30)};
  Duration retry{std::chrono::minutes(5)};
  Duration timeout{std::chrono::minutes(10)};
  int orders = 60;
  int project_orders = 10;

  bool on() const { return !email.empty() || !hook.empty(); }
  bool asks_for_txt() const { return ownership == "txt"; }
  bool operator==(const Settings&) const = default;
};

void declare(cli::Program& program, Settings& settings);

// Puts in what was left to be found: the server, the folder. A sentence where something is bad.
std::string check(Settings& settings, const std::string& db);

}  // namespace ingress::broker::acme
