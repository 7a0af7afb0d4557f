#include "broker/acme/wanted.h"

#include <utility>

#include "common/tls/digest.h"

namespace ingress::broker::acme {
namespace {

constexpr size_t kProofDigits = 40;

}  // namespace

std::string_view name_of(Challenge challenge) { return challenge == Challenge::kHttp01 ? "http-01" : "dns-01"; }

// A file whose name begins with a star is a nuisance in every shell.
std::string Wanted::file_name() const { return name.starts_with('*') ? "_" + name.substr(1) : name; }

std::string ownership_name(std::string_view domain) { return "_ingress-challenge." + std::string(domain); }

std::string ownership_value(std::string_view domain, std::string_view project, int64_t project_created_at,
                            std::string_view broker_domain) {
  std::string said(domain);
  said.append("\n").append(project).append("\n").append(std::to_string(project_created_at));
  said.append("\n").append(broker_domain);
  return "iterate-ingress=" + tls::sha256_hex(said).substr(0, kProofDigits);
}

WantedTable::WantedTable(WantedRules rules) : rules_(std::move(rules)) {}

void WantedTable::load(const Snapshot& snapshot) {
  for (const Project& project : snapshot.projects) put(project);
  for (const Service& service : snapshot.services) services_[service.project].insert(service.name);
  for (const Domain& domain : snapshot.domains) domains_[domain.name] = domain;
}

bool WantedTable::apply(const Transaction& transaction) {
  bool changed = false;
  for (const Change& change : transaction.changes) changed = apply_one(change) || changed;
  return changed;
}

bool WantedTable::apply_one(const Change& change) {
  if (const auto* put_project = std::get_if<PutProject>(&change)) return put(put_project->project);
  if (const auto* gone = std::get_if<DeleteProject>(&change)) return forget(gone->slug);
  if (const auto* put_service = std::get_if<PutService>(&change)) {
    return services_[put_service->service.project].insert(put_service->service.name).second;
  }
  if (const auto* gone = std::get_if<DeleteService>(&change)) return services_[gone->project].erase(gone->name) > 0;
  if (const auto* put_domain = std::get_if<PutDomain>(&change)) {
    domains_[put_domain->domain.name] = put_domain->domain;
    return true;
  }
  if (const auto* gone = std::get_if<DeleteDomain>(&change)) return domains_.erase(gone->name) > 0;
  return false;
}

bool WantedTable::put(const Project& project) {
  ProjectFacts& facts = projects_[project.slug];
  const bool changed = facts.created_at != project.created_at || facts.wildcard != project.wildcard_certificate;
  facts = {project.created_at, project.wildcard_certificate};
  return changed;
}

// What the tables do to its services and domains, too.
bool WantedTable::forget(const std::string& project) {
  services_.erase(project);
  std::erase_if(domains_, [&project](const auto& entry) { return entry.second.project == project; });
  return projects_.erase(project) > 0;
}

std::string WantedTable::ownership_of(std::string_view domain) const {
  const auto found = domains_.find(domain);
  if (!rules_.ownership || found == domains_.end()) return "";
  const auto project = projects_.find(found->second.project);
  if (project == projects_.end()) return "";
  return ownership_value(domain, project->first, project->second.created_at, rules_.domains.front());
}

std::map<std::string, Wanted, std::less<>> WantedTable::list() const {
  std::map<std::string, Wanted, std::less<>> wanted;
  for (const auto& [name, domain] : domains_) {
    wanted[name] = {name, {name}, Challenge::kHttp01, domain.project, ownership_of(name)};
  }
  if (!rules_.by_dns) return wanted;
  for (const std::string& domain : rules_.domains) {
    wanted[domain] = {domain, {domain, "*." + domain, "*.machines." + domain}, Challenge::kDns01, "", ""};
    for (const auto& [slug, facts] : projects_) {
      const auto services = services_.find(slug);
      if (!facts.wildcard || services == services_.end() || services->second.empty()) continue;
      const std::string name = std::string("*.").append(slug).append(".").append(domain);
      wanted[name] = {name, {name}, Challenge::kDns01, slug, ""};
    }
  }
  return wanted;
}

}  // namespace ingress::broker::acme
