#include "broker/acme/readiness.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace ingress::broker::acme {
namespace {

constexpr size_t kMostShown = 100;

void check_address(dns::Resolver& resolver, const Wanted& wanted, OnReadiness on_done) {
  resolver.addresses(
      wanted.name, [name = wanted.name, on_done = std::move(on_done)](const Result<dns::Addresses>& found) {
        if (!found) return on_done(name + ": the DNS servers do not say an address (" + found.error().context + ")");
        if (found->ips.empty()) return on_done(name + " has no address: it must lead to this broker");
        on_done("");
      });
}

}  // namespace

std::vector<DnsRecord> records_for(const std::string& domain, const std::string& project,
                                   const std::string& broker_domain, const std::string& ownership) {
  std::vector<DnsRecord> records = {{"CNAME", domain, project + "." + broker_domain}};
  if (!ownership.empty()) records.push_back({"TXT", ownership_name(domain), ownership});
  return records;
}

std::string ownership_problem(const Wanted& wanted, const Result<std::vector<std::string>>& texts) {
  const std::string name = ownership_name(wanted.name);
  const std::string record = name + " TXT \"" + wanted.ownership + "\"";
  if (!texts) return "no answer to the question for " + name + " TXT (" + texts.error().context + ")";
  if (std::find(texts->begin(), texts->end(), wanted.ownership) != texts->end()) return "";
  if (texts->empty()) return "the record that shows whose the domain is is missing: " + record;
  return name + " TXT is \"" + texts->front().substr(0, kMostShown) + "\", and must be \"" + wanted.ownership + "\"";
}

void check_readiness(dns::Resolver& resolver, const Wanted& wanted, OnReadiness on_done) {
  if (wanted.ownership.empty()) return check_address(resolver, wanted, std::move(on_done));
  resolver.texts(ownership_name(wanted.name),
                 [&resolver, wanted, on_done = std::move(on_done)](const Result<std::vector<std::string>>& texts) {
                   const std::string problem = ownership_problem(wanted, texts);
                   if (!problem.empty()) return on_done(problem);
                   check_address(resolver, wanted, on_done);
                 });
}

}  // namespace ingress::broker::acme
