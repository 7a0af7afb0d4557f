#include "broker/dev/dev_setup.h"

#include <chrono>
#include <ctime>
#include <utility>

#include "broker/store/draft.h"
#include "common/base/hex.h"
#include "common/tls/digest.h"

namespace ingress::broker::dev {
namespace {

using Done = tl::expected<void, StoreError>;

constexpr const char* kTokenLabel = "agent of ingress-broker dev";
constexpr size_t kMany = 10'000;

Done put_all(Draft& draft, const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (Done done = draft.put(change); !done) return done;
  }
  return {};
}

std::vector<Change> project_changes(Tables& tables, const DevConfig& config, int64_t now) {
  std::vector<Change> changes;
  const std::optional<Machine> machine = tables.machine(config.machine);
  Machine wanted = machine.value_or(Machine{});
  wanted.id = config.machine;
  wanted.default_port = config.port;
  if (!machine) wanted.created_at = now;
  if (!machine || machine->default_port != config.port) changes.emplace_back(PutMachine{wanted, !machine});
  const std::optional<Project> project = tables.project(config.project);
  Project made = project.value_or(Project{});
  made.slug = config.project;
  made.default_port = config.port;
  if (!project) {
    made.created_at = now;
    made.machine = config.machine;
  }
  if (!project || project->default_port != config.port) changes.emplace_back(PutProject{made, !project});
  if (project && project->machine != config.machine) {
    changes.emplace_back(AttachMachine{config.project, config.machine});
  }
  return changes;
}

std::vector<Change> service_changes(Tables& tables, const DevConfig& config) {
  std::vector<Change> changes;
  std::map<std::string, int> missing = config.services;
  for (Service& service : tables.services_page(config.project, "", kMany)) {
    const auto wanted = missing.find(service.name);
    if (wanted == missing.end()) {
      changes.emplace_back(DeleteService{config.project, service.name});
      continue;
    }
    if (service.port != wanted->second) {
      service.port = wanted->second;
      changes.emplace_back(PutService{service, false});
    }
    missing.erase(wanted);
  }
  for (const auto& [name, port] : missing) {
    changes.emplace_back(PutService{Service{config.project, name, port, ""}, true});
  }
  return changes;
}

// `localhost` is a DOMAIN alone: dev.localhost is the project's name under it.
std::vector<Change> domain_changes(Tables& tables, const DevConfig& config, int64_t now) {
  std::vector<Change> changes;
  RowFilter of_project;
  of_project.project = config.project;
  std::vector<std::string> missing(config.domains.begin() + 1, config.domains.end());
  for (const Domain& domain : tables.domains_page("", kMany, of_project)) {
    if (std::erase(missing, domain.name) == 0) changes.emplace_back(DeleteDomain{domain.name});
  }
  for (const std::string& name : missing) {
    // Of an earlier start, which called the project otherwise.
    if (tables.domain(name)) changes.emplace_back(DeleteDomain{name});
    changes.emplace_back(PutDomain{Domain{name, config.project, now}});
  }
  return changes;
}

// The token of the start before is good for nothing any more.
std::vector<Change> token_changes(Tables& tables, const DevConfig& config, const std::string& secret, int64_t now) {
  std::vector<Change> changes;
  for (const Token& token : tables.tokens_page(config.machine, "", kMany)) {
    if (token.label == kTokenLabel) changes.emplace_back(DeleteToken{config.machine, token.id});
  }
  const std::string id = "tok_" + to_hex(tls::random_bytes(10));
  changes.emplace_back(PutToken{Token{id, config.machine, tls::sha256_hex(secret), kTokenLabel, now}});
  return changes;
}

}  // namespace

void set_up(Store& store, const DevConfig& config,
            std::function<void(tl::expected<std::string, std::string>)> on_done) {
  const int64_t now = std::time(nullptr);
  const std::string secret = to_hex(tls::random_bytes(32));
  const auto make = [config, secret, now](Draft& draft) -> Done {
    Tables& tables = draft.tables();
    if (Done done = put_all(draft, project_changes(tables, config, now)); !done) return done;
    if (Done done = put_all(draft, service_changes(tables, config)); !done) return done;
    if (Done done = put_all(draft, domain_changes(tables, config, now)); !done) return done;
    return put_all(draft, token_changes(tables, config, secret, now));
  };
  store.transact("dev", now * 1000, make,
                 [secret, on_done = std::move(on_done)](const tl::expected<Commit, StoreError>& done) {
                   if (done) return on_done(secret);
                   on_done(tl::unexpected(done.error().detail));
                 });
}

}  // namespace ingress::broker::dev
