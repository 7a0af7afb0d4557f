// One walk from a host to a target and its policy: exact route or custom domain, then the grammar, then names under a
// custom domain, then the longest wildcard (design, section 2). Allocates nothing unless it is to explain,
// or finds a canonical name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/routing/explain.h"
#include "broker/routing/host_grammar.h"
#include "broker/routing/index_tables.h"
#include "broker/routing/port_policy.h"
#include "broker/routing/route_index.h"

namespace ingress::broker {

class Resolver {
 public:
  // What a walk reads; outlives it. `domains`: longer ones first.
  struct Input {
    const IndexTables& tables;
    std::span<const std::string> domains;
    const BrokerPolicies& policies;
    int64_t now;  // Unix seconds
  };

  // `explainer` may be null.
  Resolver(const Input& input, Resolution& out, Explainer* explainer)
      : tables_(input.tables),
        domains_(input.domains),
        policies_(input.policies),
        now_(input.now),
        out_(out),
        explainer_(explainer) {}

  // `host` is normalised; the path is in the resolution, all else in it is empty.
  Status run(std::string_view host);

 private:
  // Why a form gave nothing: the sentence is before + "subject" + after.
  struct Why {
    ErrorCode code;
    const char* before;
    std::string_view subject;
    const char* after;
  };
  // nullopt: this form leads nowhere, the next one is tried. A form that is right but may not be used answers.
  using Answer = std::optional<Status>;

  // None for an empty host.
  Answer by_exact(std::string_view host);
  Answer by_grammar(std::string_view host);
  Answer by_machine_name(const GrammarName& name);
  Answer by_project_name(const GrammarName& name);
  Answer by_prefix(const ProjectNode& project, std::string_view prefix);
  Answer by_service_name(const GrammarName& name);
  Answer by_custom_domain(std::string_view host);
  // The second spelling is "" where there is none.
  Answer by_wildcard(std::string_view host, std::string_view underscored);

  Status to_entry(const HostEntry& entry, std::string_view host);
  // Where the entry's target is found by captures.
  Status to_captured(const HostEntry& entry);
  Status to_captured_machine(const RouteNode& route, const MachineNode* machine, std::string_view service, int port);
  void capture(const HostEntry& entry, std::string_view host);
  bool owns(const RouteNode& route, const MachineNode& machine) const;
  // `service` may be null, `port` 0 for the default one.
  Status to_project(const ProjectNode& project, const ServiceNode* service, int port);
  Status to_machine(const MachineNode& machine, int port);
  Status finish(const MachineNode& machine, int port);
  void gather_policies(const MachineNode& machine, int port);
  // The project that a machine belongs to; null where none does.
  const ProjectNode* owner_of(const MachineNode& machine) const;
  // Whose host it is that names the machine: its route's owner's, or the machine's.
  const ProjectNode* tenant_of(const MachineNode& machine) const;
  // Into the resolution.
  void name_tenant();
  // The name that other names of the project are redirected to.
  void find_canonical(const ProjectNode& project, std::string_view prefix);
  // The name is one of the same project, machine and port, for the same path.
  bool leads_here(std::string_view host) const;

  Answer miss(const Why& why);
  Status refuse(const Why& why);

  const IndexTables& tables_;
  std::span<const std::string> domains_;
  const BrokerPolicies& policies_;
  const int64_t now_;
  Resolution& out_;
  Explainer* explainer_;
  std::string_view host_;             // asked
  bool compares_ = false;             // walks for another resolver's leads_here()
  const HostEntry* entry_ = nullptr;  // that leads to the target
  // A project's name that the host is: what stands before it, a port or a service; for its canonical host.
  const ProjectNode* named_project_ = nullptr;
  std::string_view named_prefix_;
  HostOwner asked_;                      // whose host it is
  bool by_attachment_ = false;           // only in so far as it is attached to a machine that is somebody else's
  const ProjectNode* missed_ = nullptr;  // the same of `miss_`
  std::optional<Why> miss_;              // of the first form that led nowhere: what the client is told in the end
};

}  // namespace ingress::broker
