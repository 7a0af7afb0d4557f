// The route table in memory: answers a host in under a microsecond, a million routes or more. Built from the store at
// start, then changed by each committed transaction. Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/changes.h"
#include "broker/policy/policy.h"
#include "common/base/error.h"

namespace ingress::broker {

// Where a host leads. Views point into the index and are valid until its next change.
struct Resolution {
  std::string_view machine;
  int port = 0;
  std::string_view project;   // "" where the host names a machine or a route that names one
  std::string_view service;   // "" where none is named
  std::string_view route_id;  // "" where the grammar answered
  std::string_view pattern;
  MachineState machine_state = MachineState::kActive;
  Policy policy;  // merged: route pattern, service, project, defaults
};

// A refusal, with what is known for the answer and for `why`.
struct Refusal {
  Error error;
  std::string detail;  // "no project \"misha\"": a sentence for people
};

struct RoutingOptions {
  std::vector<std::string> domains;  // DOMAINs, lower case; never empty
  Policy defaults;                   // --default-auth
};

class RouteIndex {
 public:
  explicit RouteIndex(RoutingOptions options);
  ~RouteIndex();

  // Resolves a Host (port, case and trailing dot are dealt with here). On success fills `out` without allocating.
  Status resolve(std::string_view host, Resolution& out) const;
  // The same, telling in words how it came to that: the steps, one a line, for `why`.
  tl::expected<Resolution, Refusal> explain(std::string_view host, std::vector<std::string>& steps) const;

  // Applies a transaction that the store has validated and committed.
  void apply(const Transaction& transaction);
  void set_defaults(const Policy& defaults);

  const Machine* machine(std::string_view id) const;
  const Project* project(std::string_view slug) const;
  // The machine that a token (SHA-256, hex) opens, "" where none. Compares in constant time.
  std::string_view token_machine(std::string_view machine_id, std::string_view sha256_hex) const;
  // Public hosts that lead to the machine, for people: its own first.
  std::vector<std::string> hosts_of(std::string_view machine_id) const;
  const std::vector<std::string>& domains() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::broker
