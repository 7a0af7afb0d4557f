#include "broker/routing/route_index.h"

#include <algorithm>

#include "broker/routing/explain.h"
#include "broker/routing/host_name.h"
#include "broker/routing/index_tables.h"
#include "broker/routing/index_writer.h"
#include "broker/routing/machine_view.h"
#include "broker/routing/pattern.h"
#include "broker/routing/resolver.h"

namespace ingress::broker {
namespace {

constexpr size_t kMaxHostsOf = 100;  // a list for people
constexpr size_t kMostLooks = 1024;  // at the entries of one list, most of which it may not show

// Whether the bytes are the same; takes the same time wherever they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

std::vector<std::string> longest_first(const std::vector<std::string>& domains) {
  std::vector<std::string> sorted;
  HostName name;
  for (const std::string& domain : domains) {
    if (name.assign(domain)) sorted.emplace_back(name.text());
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return sorted;
}

}  // namespace

struct RouteIndex::Impl {
  RoutingOptions options;
  std::vector<std::string> domains;  // longest first
  IndexTables tables;
  PolicyTable row_policies;

  Status walk(const RouteQuery& query, Resolution& out, Explainer* explainer) const {
    out.clear();
    HostName name;
    if (Status read = name.assign(query.host); !read) return read;
    out.path.set(query.target);
    if (explainer != nullptr) explainer->host(query.host, name.text());
    return Resolver({tables, domains, options.policies, query.now}, out, explainer).run(name.text());
  }
};

namespace {

// Collects the public hosts of a machine, up to kMaxHostsOf.
class HostList {
 public:
  // `project`: "" for all.
  HostList(const std::vector<std::string>& domains, const MachineNode& machine, std::string_view project, int64_t now)
      : domains_(domains), machine_(machine), project_(project), now_(now) {}

  std::vector<std::string> collect() {
    for (const std::string& domain : domains_) add(machine_.record.id + ".machines." + domain);
    for (const ProjectNode* project : machine_.projects) {
      if (!shows(project->record.slug)) continue;
      for (const std::string& domain : domains_) add(project->record.slug + "." + domain);
      for (const auto& service : project->services) {
        if (service->machine == nullptr) add_service(*service);
      }
    }
    for (const ServiceNode* service : machine_.pinned) {
      if (shows(service->project->record.slug)) add_service(*service);
    }
    for (const ProjectNode* project : machine_.projects) {
      if (shows(project->record.slug)) add_entries(project->entries);
    }
    add_entries(machine_.entries);
    return std::move(hosts_);
  }

 private:
  bool shows(std::string_view slug) const { return project_.empty() || slug == project_; }

  void add(std::string host) {
    if (hosts_.size() < kMaxHostsOf) hosts_.push_back(std::move(host));
  }

  // In the form that needs no certificate of its own.
  void add_service(const ServiceNode& service) {
    for (const std::string& domain : domains_) add(service.name + "__" + service.project->record.slug + "." + domain);
  }

  void add_entries(const HostEntry* entry) {
    size_t looks = 0;
    for (; entry != nullptr && hosts_.size() < kMaxHostsOf && looks < kMostLooks; entry = entry->next_of_target) {
      ++looks;
      if (!is_plain_host(entry->pattern) || (entry->route != nullptr && is_over(entry->route->expires_at, now_)))
        continue;
      if (entry->machine != nullptr && entry->route != nullptr && !shows(entry->route->owner)) continue;
      // Of a machine's service it tells the port alone.
      const bool asks = entry->project != nullptr && !entry->service.empty();
      const ServiceNode* service = asks ? find_service(*entry->project, entry->service) : nullptr;
      if (service == nullptr || service->machine == nullptr || service->machine == &machine_) add(entry->pattern);
    }
  }

  const std::vector<std::string>& domains_;
  const MachineNode& machine_;
  const std::string_view project_;
  const int64_t now_;
  std::vector<std::string> hosts_;
};

}  // namespace

RouteIndex::RouteIndex(RoutingOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->domains = longest_first(options.domains);
  impl_->options = std::move(options);
}

RouteIndex::~RouteIndex() = default;

void Resolution::clear() {
  machine = project = service = route_id = pattern = tenant = {};
  port = 0;
  machine_state = MachineState::kActive;
  parent_is_project = false;
  expires_at = 0;
  policy.clear();
  captures.clear();
  canonical_host.clear();
}

void RouteIndex::set_policies(const BrokerPolicies& policies) { impl_->options.policies = policies; }

Status RouteIndex::resolve(const RouteQuery& query, Resolution& out) const { return impl_->walk(query, out, nullptr); }

bool RouteIndex::sets_http_mode() const {
  const auto sets = [](const Policy* policy) { return policy != nullptr && policy->http_mode.has_value(); };
  const BrokerPolicies& own = impl_->options.policies;
  return impl_->row_policies.sets_http_mode() || sets(own.enforced.get()) || sets(own.defaults.get());
}

tl::expected<Resolution, Refusal> RouteIndex::explain(const RouteQuery& query, std::vector<std::string>& steps,
                                                      std::vector<PolicyLayer>* layers) const {
  Explainer explainer(steps, layers);
  Resolution resolution;
  const Status walked = impl_->walk(query, resolution, &explainer);
  if (walked) return resolution;
  if (walked.error().code == ErrorCode::kInvalidHost) {
    explainer.refused(ErrorCode::kInvalidHost,
                      "a host has labels of 1 to 63 bytes of [a-z0-9_-], and 253 bytes in all; this one does not");
  }
  return tl::unexpected(Refusal{walked.error(), explainer.detail()});
}

void RouteIndex::apply(const Transaction& transaction, std::vector<MachineNews>* news) {
  IndexWriter writer(impl_->tables, impl_->row_policies, news);
  for (const Change& change : transaction.changes) std::visit(writer, change);
}

const Machine* RouteIndex::machine(std::string_view id) const {
  const MachineNode* node = impl_->tables.machine(id);
  return node == nullptr ? nullptr : &node->record;
}

const Project* RouteIndex::project(std::string_view slug) const {
  const ProjectNode* node = impl_->tables.project(slug);
  return node == nullptr ? nullptr : &node->record;
}

const Share* RouteIndex::share(std::string_view id) const {
  const ShareNode* node = impl_->tables.share(id);
  return node == nullptr ? nullptr : &node->record;
}

const AccessToken* RouteIndex::access_token(std::string_view id) const {
  const auto found = impl_->tables.access_tokens.find(id);
  return found == impl_->tables.access_tokens.end() ? nullptr : &found->second;
}

const JoinToken* RouteIndex::join_token(std::string_view id) const {
  const auto found = impl_->tables.join_tokens.find(id);
  return found == impl_->tables.join_tokens.end() ? nullptr : &found->second;
}

std::string_view RouteIndex::token_machine(std::string_view machine_id, std::string_view sha256_hex) const {
  const MachineNode* node = impl_->tables.machine(machine_id);
  if (node == nullptr) return {};
  bool good = false;
  for (const TokenKey& token : node->tokens) good |= equal_in_constant_time(token.sha256, sha256_hex);
  return good ? std::string_view(node->record.id) : std::string_view();
}

std::vector<std::string> RouteIndex::hosts_of(std::string_view machine_id, std::string_view project,
                                              int64_t now) const {
  const MachineNode* node = impl_->tables.machine(machine_id);
  if (node == nullptr) return {};
  return HostList(impl_->options.domains, *node, project, now).collect();
}

bool RouteIndex::is_on(std::string_view project, std::string_view machine_id, int port) const {
  const MachineNode* machine = impl_->tables.machine(machine_id);
  const ProjectNode* node = impl_->tables.project(project);
  if (machine == nullptr || node == nullptr) return false;
  return node->machine == machine ||
         std::any_of(machine->pinned.begin(), machine->pinned.end(), [node, port](const ServiceNode* service) {
           return service->project == node && (port == 0 || service->port == port);
         });
}

bool RouteIndex::view_of(std::string_view machine_id, MachineView& view, int64_t now) const {
  const MachineNode* node = impl_->tables.machine(machine_id);
  if (node == nullptr) return false;
  view = machine_view(*node, impl_->options.policies, now);
  return true;
}

bool RouteIndex::port_is_public(std::string_view machine_id, int port) const {
  const MachineNode* node = impl_->tables.machine(machine_id);
  return node != nullptr && broker::port_is_public(*node, port, impl_->options.policies);
}

const std::vector<std::string>& RouteIndex::domains() const { return impl_->options.domains; }

}  // namespace ingress::broker
