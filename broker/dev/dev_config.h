// `ingress-broker dev`: what it is told, and what comes of that. Everything for one laptop: a project, a machine that
// is this one, names under `localhost`, certificates of a local CA.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "broker/dev/host_choice.h"
#include "common/cli/program.h"
#include "common/uv/socket.h"

namespace ingress::broker::dev {

// As they are written by the user.
struct DevSettings {
  std::vector<std::string> domain;
  std::vector<std::string> service;
  std::vector<std::string> query_host;
  std::vector<std::string> https;
  std::vector<std::string> http;
  std::string admin;
  std::string project = "dev";
  std::string machine = "laptop";
  int port = 3000;
  bool lan = false;
  std::string state_dir;
  std::string access_log;
  std::string agent;
};

// As the program uses them.
struct DevConfig {
  std::vector<std::string> domains;  // the first is `localhost`; all lower case
  std::map<std::string, int> services;
  HostChoiceRules choice;
  std::vector<uv::Address> https;  // the first is what URLs name, and what the agent inside comes to
  std::vector<uv::Address> http;
  bool serve_clear = false;  // else http redirects
  std::vector<uv::Address> admin;
  std::string project;
  std::string machine;
  int port = 3000;
  bool lan = false;
  std::string state_dir;  // absolute
  std::string access_log;
  std::string agent;  // the program file

  std::string database() const { return state_dir + "/routes.db"; }
  std::string authority_dir() const { return state_dir + "/ca"; }
  std::string tls_dir() const { return state_dir + "/tls"; }
  std::string admin_socket() const { return state_dir + "/admin.sock"; }
  std::string admin_token_file() const { return state_dir + "/admin.token"; }
};

// "0.0.0.0" or "::": all addresses of this machine, its network's too.
bool is_any(const uv::Address& address);

void declare(cli::Program& program, DevSettings& settings);

// Where nothing is said of --state-dir; "" where this user has no home.
std::string default_state_dir();

// A sentence for the operator where something is bad, or where another program has what this one needs (exit 78). Looks
// which ports are free, and makes no file.
tl::expected<DevConfig, std::string> check(const DevSettings& settings);

}  // namespace ingress::broker::dev
