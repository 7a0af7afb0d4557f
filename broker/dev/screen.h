// The start-up screen: which port is at which URL, drawn anew as ports come and go. On a terminal it is the whole
// screen; elsewhere each change is a line of its own.
#pragma once

#include <unistd.h>

#include <string>
#include <vector>

#include "broker/dev/landing.h"
#include "broker/dev/screen_output.h"
#include "broker/dev/trust.h"

namespace ingress::broker::dev {

// What stands on it beside the ports.
struct ScreenFacts {
  std::string version;
  std::string bundle_path;  // of the CAs
  Trust trust;
  std::string trust_command;         // for the browsers, and as root for the system's store
  std::string system_trust_command;  // for the latter, by sudo
  std::string any_port_url;          // "https://N__dev.localhost:8443/"
  std::string machine_url;
  std::vector<std::string> own_names;  // URLs of the --domain names
  std::vector<std::string> lan_urls;
  std::string admin;            // for INGRESS_ADMIN
  std::string dashboard;        // its URL, "" where there is none
  std::string dashboard_login;  // the same with the token behind it, for a terminal alone
  std::string token_path;       // of that token
};

// The whole of it as text.
std::string draw(const ScreenFacts& facts, const std::vector<LandingEntry>& entries);
// What changed, a line each; "" where nothing did.
std::string draw_changes(const std::vector<LandingEntry>& before, const std::vector<LandingEntry>& now);

class Screen {
 public:
  // The descriptor stays the caller's.
  explicit Screen(ScreenFacts facts, int fd = STDOUT_FILENO);

  // Draws where something has changed. What cannot be drawn now is up to the next call.
  void show(std::vector<LandingEntry> entries, Trust trust);

 private:
  ScreenFacts facts_;
  ScreenOutput output_;
  std::vector<LandingEntry> shown_;
  bool drawn_ = false;
  bool terminal_;
};

}  // namespace ingress::broker::dev
