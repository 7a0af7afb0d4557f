// What a custom domain's owner has to make before a certificate can be ordered, and whether it is there.
// Thread: the loop's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/acme/wanted.h"
#include "common/dns/resolver.h"

namespace ingress::broker::acme {

struct DnsRecord {
  std::string type;  // "CNAME", "TXT"
  std::string name;
  std::string value;
};

// The records of a custom domain of `project`; `ownership` as WantedTable::ownership_of.
std::vector<DnsRecord> records_for(const std::string& domain, const std::string& project,
                                   const std::string& broker_domain, const std::string& ownership);

// "" where all is there, else a sentence. Called once, later, and not at all once the resolver is gone.
using OnReadiness = std::function<void(std::string problem)>;
void check_readiness(dns::Resolver& resolver, const Wanted& wanted, OnReadiness on_done);
// By the records of the TXT name alone.
std::string ownership_problem(const Wanted& wanted, const Result<std::vector<std::string>>& texts);

}  // namespace ingress::broker::acme
