// What a laptop's broker has to show: each listening port and service with its URL, as a page for a browser, as JSON,
// and as text for a terminal. Thread: the loop's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/dev/dev_config.h"
#include "broker/tunnel/machine_book.h"

namespace ingress::broker::dev {

// One line of it.
struct LandingEntry {
  std::string name;  // of a service, "" for a port
  int port = 0;
  std::string process;  // that listens, as far as it is known
  bool listening = false;
  std::string url;

  bool operator==(const LandingEntry&) const = default;
};

class Landing {
 public:
  // All outlive it.
  Landing(const DevConfig& config, const MachineBook& book);

  // The port of https that URLs name; 443 is left out of them.
  void set_https_port(int port) { https_port_ = port; }

  // URLs name their hosts; where there is an `origin` ("https://10.9.8.7:8443") they lead there, and choose the host by
  // the query: for devices of the network, which know no name of this machine.

  // The default port first, then services by name, then ports by number, without the broker's own.
  std::vector<LandingEntry> entries(std::string_view origin = {}) const;
  std::string page(std::string_view origin) const;
  std::string json(std::string_view origin) const;
  std::string url_of(std::string_view host, std::string_view origin = {}) const;
  // The project's by these addresses of this machine, for devices of its network; none where https is not for them.
  std::vector<std::string> network_urls(const std::vector<std::string>& ips) const;
  // Hosts whose own port has nothing to show yet get the page too: the project's, until its default port has listened.
  bool stands_for(std::string_view host) const;
  // Whether the agent has told what listens.
  bool has_ports() const { return book_.ports(config_.machine).has_value(); }

 private:
  void add_ports(const MachinePorts& ports, std::string_view origin, std::vector<LandingEntry>& entries) const;
  bool is_own(int port) const;

  const DevConfig& config_;
  const MachineBook& book_;
  int https_port_ = 443;
  mutable bool default_listened_ = false;
};

}  // namespace ingress::broker::dev
