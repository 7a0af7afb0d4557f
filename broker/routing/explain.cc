#include "broker/routing/explain.h"

#include "broker/model/machine_state.h"
#include "common/base/in_quotes.h"
#include "common/cli/values.h"

namespace ingress::broker {
namespace {

std::string target_of(const HostEntry& entry) {
  if (entry.machine == nullptr && entry.project == nullptr) {
    const RouteTarget& target = entry.extras->target;
    return target.machine.empty() ? "project " + in_quotes(target.project) : "machine " + in_quotes(target.machine);
  }
  std::string words = entry.machine != nullptr ? "machine " + in_quotes(entry.machine->record.id)
                                               : "project " + in_quotes(entry.project->record.slug);
  if (!entry.service.empty()) words += ", service " + in_quotes(entry.service);
  if (entry.port != 0) words += ", port " + std::to_string(entry.port);
  return words;
}

std::string form_of(const GrammarName& name) {
  const std::string before = name.prefixed ? ", with " + in_quotes(name.prefix) + " before it" : "";
  switch (name.form) {
    case HostForm::kMachine:
      return "it names a machine, " + in_quotes(name.name) + before;
    case HostForm::kProject:
      return "it names a project, " + in_quotes(name.name) + before;
    case HostForm::kService:
      return "it names service " + in_quotes(name.service) + " of project " + in_quotes(name.name);
    case HostForm::kReserved:
      return in_quotes(name.name) + " is kept for the broker";
    case HostForm::kDeeper:
      return "it has more labels than any name there";
    case HostForm::kForeign:
      break;
  }
  return "it is under none of our domains";
}

std::string words_of_protocol(const EffectivePolicy& policy) {
  switch (policy.origin_protocol()) {
    case OriginProtocol::kH2c:
      return ", origin_protocol h2c";
    case OriginProtocol::kHttps:
      return ", origin_protocol https";
    case OriginProtocol::kHttp:
      break;
  }
  return "";
}

std::string words_of_waiting(const EffectivePolicy& policy) {
  std::string words;
  if (policy.park()) words += ", park " + cli::duration_text(*policy.park());
  if (policy.wake() != nullptr && !policy.wake()->empty()) words += ", wake " + *policy.wake();
  return words;
}

std::string words_of(const EffectivePolicy& policy) {
  const bool preserve_host = policy.host() == http::HostMode::kPreserve;
  const bool rewrite_origin = policy.origin() == http::OriginMode::kRewrite;
  return "auth " + policy.auth_words() + ", host " + (preserve_host ? "preserve" : "rewrite") + ", origin " +
         (rewrite_origin ? "rewrite" : "preserve") + words_of_protocol(policy) + words_of_waiting(policy);
}

}  // namespace

void Explainer::host(std::string_view sent, std::string_view normalised) {
  steps_.push_back(sent == normalised ? "host " + in_quotes(sent)
                                      : "host " + in_quotes(sent) + " is read as " + in_quotes(normalised));
}

void Explainer::exact(const HostEntry& entry) {
  steps_.push_back(entry.route == nullptr
                       ? "it is a custom domain of " + target_of(entry)
                       : "route " + in_quotes(entry.route->id) + " holds it and leads to " + target_of(entry));
}

void Explainer::no_exact() { steps_.emplace_back("no route or custom domain holds exactly this name"); }

void Explainer::grammar(const GrammarName& name) {
  steps_.push_back(name.domain.empty() ? form_of(name) : "under " + std::string(name.domain) + ", " + form_of(name));
}

void Explainer::custom_domain(const HostEntry& entry, std::string_view label) {
  steps_.push_back("it is " + in_quotes(label) + " under custom domain " + entry.pattern + " of " + target_of(entry));
}

void Explainer::wildcard(const HostEntry& entry) {
  steps_.push_back("the longest wildcard that matches is " + in_quotes(entry.pattern) + " of route " +
                   in_quotes(entry.route->id) + ", which leads to " + target_of(entry));
}

void Explainer::project(const ProjectNode& project) {
  if (project.machine == nullptr) {
    steps_.push_back("project " + in_quotes(project.record.slug) + " has no machine attached");
  } else {
    steps_.push_back("project " + in_quotes(project.record.slug) + " has machine " +
                     in_quotes(project.machine->record.id) + " attached");
  }
}

void Explainer::service(const ServiceNode& service) {
  std::string words = "service " + in_quotes(service.name) + " is port " + std::to_string(service.port);
  if (service.machine != nullptr) words += " of machine " + in_quotes(service.machine->record.id);
  steps_.push_back(std::move(words));
}

void Explainer::found(const Resolution& resolution) {
  steps_.push_back("it leads to port " + std::to_string(resolution.port) + " of machine " +
                   in_quotes(resolution.machine) + ", which is " + std::string(name_of(resolution.machine_state)));
  steps_.push_back("policy: " + words_of(resolution.policy));
}

void Explainer::layer(std::string from, int level, const Policy* policy) {
  if (policy != nullptr) layers_->push_back({std::move(from), policy->text, level});
}

namespace {

std::string name_of_row(const ServiceNode& service) {
  return "service " + service.project->record.slug + "/" + service.name;
}
std::string name_of_row(const MachineNode& machine) { return "machine " + machine.record.id; }
std::string name_of_row(const ProjectNode& project) { return "project " + project.record.slug; }

}  // namespace

void Explainer::policies(const BrokerPolicies& broker, const HostEntry* entry, const MachineNode& machine, int port,
                         const HostOwner& owner) {
  constexpr int kRoute = 1;
  constexpr int kDefaults = 5;
  if (layers_ == nullptr) return;
  layer("enforced by the broker", 0, broker.enforced.get());
  if (entry != nullptr && entry->route != nullptr) layer("route " + entry->route->id, kRoute, entry->policy.get());
  each_port_policy(machine, port, owner, [this](int level, const auto& row, const Policy* policy) {
    layer(name_of_row(row), kRoute + 1 + level, policy);
  });
  layer("the broker's default", kDefaults, broker.defaults.get());
}

void Explainer::passed_over() { steps_.emplace_back("that leads nowhere"); }

void Explainer::refused(ErrorCode code, std::string sentence) {
  steps_.push_back("refused, " + std::string(name_of(code)) + ": " + sentence);
  detail_ = std::move(sentence);
}

}  // namespace ingress::broker
