// How a host was resolved, in words, for `why`: what Resolver tells as it goes, one line a step.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/routing/host_grammar.h"
#include "broker/routing/index_nodes.h"
#include "broker/routing/port_policy.h"
#include "broker/routing/route_index.h"

namespace ingress::broker {

class Explainer {
 public:
  // `layers` may be null.
  Explainer(std::vector<std::string>& steps, std::vector<PolicyLayer>* layers) : steps_(steps), layers_(layers) {}

  void host(std::string_view sent, std::string_view normalised);
  void exact(const HostEntry& entry);
  void no_exact();
  void grammar(const GrammarName& name);
  void custom_domain(const HostEntry& entry, std::string_view label);
  void wildcard(const HostEntry& entry);
  void project(const ProjectNode& project);
  void service(const ServiceNode& service);
  void found(const Resolution& resolution);
  // What holds for it, nearest first; an enforced one before all. Those that set nothing are left out.
  void policies(const BrokerPolicies& broker, const HostEntry* entry, const MachineNode& machine, int port,
                const HostOwner& owner);
  void passed_over();  // a form that led nowhere, before the next one is tried
  void refused(ErrorCode code, std::string sentence);

  // The sentence of the refusal, "" where none was told.
  const std::string& detail() const { return detail_; }

 private:
  void layer(std::string from, int level, const Policy* policy);

  std::vector<std::string>& steps_;
  std::vector<PolicyLayer>* layers_;
  std::string detail_;
};

}  // namespace ingress::broker
