// One `why HOST`: walks grammar → route → policy → certificate → public DNS → machine → tunnel → probe, and tells the
// report. Names and the probe have three seconds, at the same time, and so have the servers that a policy asks (less:
// WhyServer). Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/admin/admin_server.h"
#include "broker/admin/why_probe.h"
#include "broker/admin/why_report.h"
#include "broker/admin/why_server.h"
#include "common/uv/socket.h"
#include "common/uv/timer.h"

namespace ingress::broker::admin {

class WhyWalk {
 public:
  static constexpr Duration kLimit{3000};
  static constexpr size_t kMostServers = 8;  // of a policy, that are looked at

  // `on_done` is called once, from the loop, and may destroy the walk. Destroying it earlier gives it up.
  WhyWalk(const AdminParts& parts, const std::string& url, std::function<void(const WhyReport&)> on_done);
  ~WhyWalk();
  WhyWalk(const WhyWalk&) = delete;
  WhyWalk& operator=(const WhyWalk&) = delete;

  void start();

 private:
  bool find_route();
  void found(const Resolution& resolution, const std::vector<std::string>& explained);
  void check_policy(const Resolution& resolution, const std::string& policy);
  void check_servers(const EffectivePolicy& policy, const AdmissionSettings& settings);
  void check_certificate();
  // Of a certificate that the broker gets: what its owner has to make for it.
  void check_readiness();
  void on_readiness(const std::string& problem);
  void check_machine(const Resolution& resolution);
  void check_tunnel();
  void on_tunnels(const std::vector<TunnelInfo>& tunnels);
  void start_dns();
  void start_probe();
  void resolve(const std::string& name, std::unique_ptr<uv::Resolving>& resolving, std::vector<std::string>& to,
               bool& known);
  void on_addresses(std::vector<std::string>& to, bool& known, std::vector<std::string> found);
  void judge_dns();
  void on_time_over();
  void finish_when_done();

  AdminParts parts_;
  std::string host_;
  std::string target_;  // the path, "/" where none was said
  WhyReport report_;
  std::function<void(const WhyReport&)> on_done_;
  std::string machine_;
  int port_ = 0;
  OriginProtocol origin_protocol_ = OriginProtocol::kHttp;
  // The DOMAIN whose `broker.` name shows where this broker is, and the addresses of both names.
  std::string broker_host_;
  std::vector<std::string> addresses_;
  std::vector<std::string> broker_addresses_;
  bool addresses_known_ = false;
  bool broker_addresses_known_ = false;
  bool dns_done_ = false;
  bool certificate_done_ = true;
  bool tunnels_done_ = true;
  bool probe_done_ = false;
  bool finishing_ = false;
  std::unique_ptr<uv::Resolving> resolving_;
  std::unique_ptr<uv::Resolving> resolving_broker_;
  std::unique_ptr<WhyProbe> probe_;
  std::vector<std::unique_ptr<WhyServer>> servers_;
  size_t servers_left_ = 0;
  uv::Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Names that no public DNS has (RFC 6761, 6762).
bool never_public(std::string_view host);

}  // namespace ingress::broker::admin
