// A route table for tests: short ways to apply a change and to say what a host leads to.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "broker/routing/pattern.h"
#include "broker/routing/route_index.h"

namespace ingress::broker {

class IndexFixture {
 public:
  explicit IndexFixture(std::vector<std::string> domains = {"iterate.app"},
                        const char* defaults = R"({"auth":"public"})")
      : index(RoutingOptions{std::move(domains), {load_policy(defaults), nullptr}}) {}

  void apply(Change change) {
    Transaction transaction;
    transaction.changes.push_back(std::move(change));
    index.apply(transaction);
  }
  void machine(const std::string& id, MachineState state = MachineState::kDetached, int port = 3000) {
    Machine machine;
    machine.id = id;
    machine.state = state;
    machine.default_port = port;
    apply(PutMachine{machine});
  }
  void machine_policy(const std::string& id, const std::string& policy) {
    Machine machine = *index.machine(id);
    machine.policy = policy;
    apply(PutMachine{machine});
  }
  void project(const std::string& slug, const std::string& machine, int port = 3000, const std::string& policy = "{}") {
    Project project;
    project.slug = slug;
    project.machine = machine;
    project.default_port = port;
    project.policy = policy;
    apply(PutProject{project, true});
  }
  void suspend(const std::string& slug, bool suspended = true) {
    Project project = *index.project(slug);
    project.suspended = suspended;
    apply(PutProject{project});
  }
  void service(const std::string& project, const std::string& name, int port, const std::string& machine = "",
               const std::string& policy = "{}") {
    apply(PutService{Service{project, name, port, machine, policy}});
  }
  void route(const std::string& id, const std::vector<std::string>& patterns, const RouteTarget& target,
             const std::string& policy = "{}", bool overwrite = false) {
    Route route;
    route.id = id;
    for (const std::string& pattern : patterns) route.patterns.push_back(read(pattern, target, policy));
    apply(PutRoute{route, false, overwrite});
  }
  // As the store leaves it.
  static RoutePattern read(const std::string& text, const RouteTarget& target, const std::string& policy = "{}") {
    Pattern pattern;
    std::string problem;
    REQUIRE_MESSAGE(read_pattern(text, pattern, problem).has_value(), problem);
    return {pattern.shape, target, policy, pattern.text};
  }
  void domain(const std::string& name, const std::string& project) { apply(PutDomain{Domain{name, project, 0}}); }

  // "mach_1:3000", or the refusal's code.
  std::string at(std::string_view host, std::string_view target = "/", int64_t now = 0) const {
    Resolution out;
    const Status done = index.resolve({host, target, now}, out);
    std::vector<std::string> steps;
    const auto explained = index.explain({host, target, now}, steps);
    CHECK(explained.has_value() == done.has_value());
    CHECK_FALSE(steps.empty());
    if (!done) {
      CHECK(explained.error().error.code == done.error().code);
      CHECK_FALSE(explained.error().detail.empty());
      return std::string(name_of(done.error().code));
    }
    return std::string(out.machine) + ":" + std::to_string(out.port);
  }
  Resolution resolved(std::string_view host, std::string_view target = "/") const {
    Resolution out;
    REQUIRE(index.resolve({host, target}, out).has_value());
    return out;
  }
  std::string pattern(std::string_view host, std::string_view target = "/") const {
    Resolution out;
    return index.resolve({host, target}, out) ? std::string(out.pattern) : "";
  }

  RouteIndex index;
};

}  // namespace ingress::broker
