// Which certificates the broker is to have, kept in step with the tables. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/changes.h"
#include "broker/store/store.h"

namespace ingress::broker::acme {

enum class Challenge : uint8_t { kHttp01, kDns01 };
std::string_view name_of(Challenge challenge);

// A certificate that should be there.
struct Wanted {
  std::string name;  // "example.com", "*.misha.iterate.app": the first of its names
  std::vector<std::string> names;
  Challenge challenge = Challenge::kHttp01;
  std::string project;    // "" for the operator's
  std::string ownership;  // the TXT value that shows whose the domain is; "" where nothing is to be shown

  // Of its files in --tls-dir, without the ending: "example.com", "_.misha.iterate.app".
  std::string file_name() const;
  // Whether what was shown for one is good for the other.
  bool same_claim(const Wanted& other) const {
    return name == other.name && project == other.project && ownership == other.ownership;
  }
};

// The TXT record that shows that a custom domain's owner wants it to lead to a project: its name, and its value, which
// another project of the same slug, made later, does not have.
std::string ownership_name(std::string_view domain);
std::string ownership_value(std::string_view domain, std::string_view project, int64_t project_created_at,
                            std::string_view broker_domain);

struct WantedRules {
  std::vector<std::string> domains;  // the broker's
  bool by_dns = false;               // DNS-01 can be done
  bool ownership = true;             // a TXT record is asked for
};

class WantedTable {
 public:
  explicit WantedTable(WantedRules rules);

  // Once, before any transaction.
  void load(const Snapshot& snapshot);
  // One that was committed. True where the list may be another one now.
  bool apply(const Transaction& transaction);

  // By name.
  std::map<std::string, Wanted, std::less<>> list() const;
  const std::map<std::string, Domain, std::less<>>& domains() const { return domains_; }
  // The TXT value of a custom domain; "" for another name, or where nothing is to be shown.
  std::string ownership_of(std::string_view domain) const;
  const WantedRules& rules() const { return rules_; }

 private:
  struct ProjectFacts {
    int64_t created_at = 0;
    bool wildcard = false;
  };
  bool apply_one(const Change& change);
  bool put(const Project& project);
  bool forget(const std::string& project);

  WantedRules rules_;
  std::map<std::string, ProjectFacts, std::less<>> projects_;
  std::map<std::string, std::set<std::string>, std::less<>> services_;  // by project
  std::map<std::string, Domain, std::less<>> domains_;
};

}  // namespace ingress::broker::acme
