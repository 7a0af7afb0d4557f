// The route table in memory: answers a host in under a microsecond, a million routes or more. Built from the store at
// start, then changed by each committed transaction. Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/changes.h"
#include "broker/policy/effective_policy.h"
#include "broker/routing/captures.h"
#include "broker/routing/machine_news.h"
#include "broker/routing/request_path.h"
#include "common/base/error.h"

namespace ingress::broker {

struct MachineView;

// What is asked. Views are those of the request's head.
struct RouteQuery {
  std::string_view host;
  std::string_view target = "/";  // origin-form or "*"
  int64_t now = 0;                // Unix seconds; nothing is over at 0
};

// Where a request leads. Views, and the policy, point into the index and are valid until its next change; captures
// until the next use. Reused from one request to the next. Of a host that is refused, the policy is that of the pattern
// that led there, where one did, of the project whose host it is, and the broker's: what the refusal is told with.
struct Resolution {
  std::string_view machine;
  int port = 0;
  std::string_view project;   // "" where the host names a machine or a route that names one
  std::string_view service;   // "" where none is named
  std::string_view route_id;  // "" where the grammar answered
  std::string_view pattern;
  // Whose exchange it is: the project that the host names, or that the route or the machine belongs to (being attached
  // is not enough), of a refusal too, as far as it came. "" for the operator's.
  std::string_view tenant;
  MachineState machine_state = MachineState::kActive;
  // A cookie for the host's parent stays with the same project: "docs.misha.iterate.app", "docs.example.com".
  bool parent_is_project = false;
  int64_t expires_at = 0;  // of the route or the machine, whichever comes first; Unix seconds, 0 for never
  EffectivePolicy policy;
  Captures captures;
  RequestPath path;
  // Where the policy redirects other names of a project to its canonical one: that name. "" where the host is it.
  std::string canonical_host;

  void clear();
};

// The broker's own: what holds where nothing nearer says anything, and what nothing can loosen. null for nothing.
struct BrokerPolicies {
  std::shared_ptr<const Policy> defaults;
  std::shared_ptr<const Policy> enforced;
};

// One of the policies that hold for a request, for people.
struct PolicyLayer {
  std::string from;    // "route rt_1", "service misha/docs", "enforced by the broker"
  std::string policy;  // JSON
  int level = 0;       // those of one level are equals
};

// A refusal, with what is known for the answer and for `why`.
struct Refusal {
  Error error;
  std::string detail;  // "no project \"misha\"": a sentence for people
};

struct RoutingOptions {
  std::vector<std::string> domains;  // DOMAINs, lower case; never empty
  BrokerPolicies policies;
};

class RouteIndex {
 public:
  explicit RouteIndex(RoutingOptions options);
  ~RouteIndex();

  // Resolves a Host (port, case and trailing dot are dealt with here) and a path. On success fills `out` without
  // allocating.
  Status resolve(const RouteQuery& query, Resolution& out) const;
  // False: no resolution's policy sets `http_mode`, and none needs to be asked for it.
  bool sets_http_mode() const;
  // The same as resolve, telling in words how it came to that: the steps, one a line, for `why`.
  // `layers`, where it is not null, gets the policies that hold, nearest first, an enforced one before all.
  tl::expected<Resolution, Refusal> explain(const RouteQuery& query, std::vector<std::string>& steps,
                                            std::vector<PolicyLayer>* layers = nullptr) const;

  // Applies a transaction that the store has validated and committed. What it means to machines is added to `news`,
  // where that is not null.
  void apply(const Transaction& transaction, std::vector<MachineNews>* news = nullptr);
  void set_policies(const BrokerPolicies& policies);

  const Machine* machine(std::string_view id) const;
  const Project* project(std::string_view slug) const;
  // null where it is not there.
  const Share* share(std::string_view id) const;
  const AccessToken* access_token(std::string_view id) const;
  const JoinToken* join_token(std::string_view id) const;
  // The machine that a token (SHA-256, hex) opens, "" where none. Compares in constant time.
  std::string_view token_machine(std::string_view machine_id, std::string_view sha256_hex) const;
  // Public hosts that lead to the machine, for people: its own first, then those of projects and services, then those
  // of domains and of routes whose time is not over at `now` (Unix seconds).
  // With a project, beside the machine's own those alone that are the project's, or of routes that belong to it.
  std::vector<std::string> hosts_of(std::string_view machine_id, std::string_view project, int64_t now) const;
  // Whether the project is attached to the machine, or has a service on it: on that port, where it is not 0.
  bool is_on(std::string_view project, std::string_view machine_id, int port = 0) const;
  const std::vector<std::string>& domains() const;
  // As machine_view.h has it; false where there is no such machine.
  bool view_of(std::string_view machine_id, MachineView& view, int64_t now) const;
  bool port_is_public(std::string_view machine_id, int port) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::broker
