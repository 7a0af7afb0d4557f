// Any bytes as a Host: never a crash, and the answer does not change with case, a trailing dot, a port, or `--` for
// `__`.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "broker/routing/host_grammar.h"
#include "broker/routing/host_name.h"
#include "broker/routing/route_index.h"

namespace {

using namespace ingress;
using namespace ingress::broker;

void expect(bool holds) {
  if (!holds) std::abort();
}

Project project_of(std::string slug, std::string machine) {
  Project project;
  project.slug = std::move(slug);
  project.machine = std::move(machine);
  return project;
}

Route route_of(std::string id, std::initializer_list<const char*> patterns, const RouteTarget& target) {
  Route route;
  route.id = std::move(id);
  for (const char* pattern : patterns) route.patterns.push_back({pattern, target, "{}"});
  return route;
}

Transaction table() {
  Transaction all;
  for (const auto& [id, state] :
       {std::pair{"mach_123", MachineState::kActive}, std::pair{"a-b", MachineState::kStarting},
        std::pair{"gone", MachineState::kArchived}}) {
    Machine machine;
    machine.id = id;
    machine.state = state;
    all.changes.emplace_back(PutMachine{machine});
  }
  all.changes.emplace_back(PutProject{project_of("misha", "mach_123"), true});
  all.changes.emplace_back(PutProject{project_of("empty", ""), true});
  Project suspended = project_of("shut", "a-b");
  suspended.suspended = true;
  all.changes.emplace_back(PutProject{suspended});
  all.changes.emplace_back(PutService{Service{"misha", "docs", 4321, "", "{}"}});
  all.changes.emplace_back(PutService{Service{"misha", "db", 5432, "a-b", "{\"auth\":\"deny\"}"}});
  all.changes.emplace_back(PutDomain{Domain{"example.com", "misha", 0}});
  all.changes.emplace_back(
      PutRoute{route_of("rt_1", {"www.iterate.app", "*.example.org", "**.b.org"}, {"mach_123", "", "", 0})});
  all.changes.emplace_back(
      PutRoute{route_of("rt_2", {"*-x.example.org", "a.*.example.org", "*.*.example.org"}, {"", "misha", "docs", 0})});
  return all;
}

const RouteIndex& index() {
  static const RouteIndex& built = []() -> const RouteIndex& {
    static RouteIndex made(RoutingOptions{{"iterate.app", "dev.iterate.app", "localhost"}, {}});
    made.apply(table());
    return made;
  }();
  return built;
}

struct Outcome {
  bool found = false;
  ErrorCode code = ErrorCode::kInternalError;
  Resolution resolution;
};

Outcome outcome_of(std::string_view host) {
  Outcome outcome;
  const Status done = index().resolve({host}, outcome.resolution);
  outcome.found = done.has_value();
  if (!done) outcome.code = done.error().code;
  return outcome;
}

void expect_same(const Outcome& a, const Outcome& b) {
  expect(a.found == b.found);
  if (!a.found) {
    expect(a.code == b.code);
    return;
  }
  expect(a.resolution.machine == b.resolution.machine && a.resolution.port == b.resolution.port);
  expect(a.resolution.project == b.resolution.project && a.resolution.service == b.resolution.service);
  expect(a.resolution.route_id == b.resolution.route_id && a.resolution.pattern == b.resolution.pattern);
  expect(a.resolution.policy.is_denied() == b.resolution.policy.is_denied());
}

void check_found(const Outcome& outcome) {
  if (!outcome.found) return;
  expect(outcome.resolution.port >= 1 && outcome.resolution.port <= 65535);
  expect(!outcome.resolution.machine.empty());
}

// The same with the first separator written the other way; only under DOMAIN, where it is one.
void check_separator(std::string_view host, const Outcome& outcome) {
  static const std::vector<std::string> domains = {"dev.iterate.app", "iterate.app", "localhost"};
  const GrammarName name = read_grammar(host, domains);
  if (!name.prefixed || (outcome.found && !outcome.resolution.pattern.empty())) return;
  // A byte beside it could form a separator of the other kind.
  const auto plain = [](char c) { return c != '_' && c != '-'; };
  if ((!name.prefix.empty() && !plain(name.prefix.back())) || (!name.name.empty() && !plain(name.name.front()))) return;
  std::string other(host);
  const size_t at = name.prefix.size();
  other.replace(at, 2, host[at] == '_' ? "--" : "__");
  expect_same(outcome, outcome_of(other));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view host(reinterpret_cast<const char*>(data), size);
  const Outcome outcome = outcome_of(host);
  check_found(outcome);
  std::vector<std::string> steps;
  const auto explained = index().explain({host}, steps);
  expect(explained.has_value() == outcome.found);
  if (!explained) expect(explained.error().error.code == outcome.code && !explained.error().detail.empty());

  HostName name;
  if (!name.assign(host)) {
    expect(outcome.code == ErrorCode::kInvalidHost);
    return 0;
  }
  const std::string text(name.text());
  std::string upper = text;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  for (const std::string& same : {text, upper, text + ".", text + ":8443", upper + ".:1"})
    expect_same(outcome, outcome_of(same));
  check_separator(text, outcome);
  return 0;
}
