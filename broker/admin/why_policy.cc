#include "broker/admin/why_policy.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "broker/admission/key_store.h"

namespace ingress::broker::admin {
namespace {

// What is wrong with a part of the policy; everybody is kept out by it, or some are.
struct Fault {
  bool everybody = false;
  std::string detail;
  std::string advice;
};
using Faults = std::vector<Fault>;

// IPv4 addresses are among IPv6's.
bool hold_every_address(const std::vector<AddressBlock>& blocks) {
  const std::optional<AddressBlock> all = AddressBlock::parse("::/0");
  return std::any_of(blocks.begin(), blocks.end(), [&all](const AddressBlock& block) { return block.holds(*all); });
}

bool each_is_within(const std::vector<AddressBlock>& blocks, const std::vector<AddressBlock>& others) {
  return std::all_of(blocks.begin(), blocks.end(), [&others](const AddressBlock& block) {
    return std::any_of(others.begin(), others.end(),
                       [&block](const AddressBlock& other) { return other.holds(block); });
  });
}

bool none_overlaps(const std::vector<AddressBlock>& blocks, const std::vector<AddressBlock>& others) {
  return std::none_of(blocks.begin(), blocks.end(), [&others](const AddressBlock& block) {
    return std::any_of(others.begin(), others.end(),
                       [&block](const AddressBlock& other) { return other.holds(block) || block.holds(other); });
  });
}

void check_addresses(const EffectivePolicy& policy, Faults& faults) {
  const auto allow = policy.ip_allow();
  const auto deny = policy.ip_deny();
  if (!allow && !deny) return;
  bool nobody = false;
  for (const auto* denied : deny) nobody = nobody || hold_every_address(*denied);
  for (const auto* allowed : allow) {
    for (const auto* denied : deny) nobody = nobody || each_is_within(*allowed, *denied);
    for (const auto* other : allow) nobody = nobody || none_overlaps(*allowed, *other);
  }
  if (nobody) {
    faults.push_back({true, "its ip_allow and ip_deny let no address in: every request is answered 403",
                      "take out of ip_deny, or put into ip_allow, the addresses that may come in"});
  } else if (allow) {
    faults.push_back({false, "only the addresses of its ip_allow come in; others are answered 403",
                      "put the client's address into ip_allow where it is not there"});
  } else {
    faults.push_back({false, "the addresses of its ip_deny are answered 403",
                      "take the client's address out of ip_deny where it is there"});
  }
}

void check_methods(const EffectivePolicy& policy, Faults& faults) {
  std::optional<std::vector<std::string>> allowed;
  for (const std::vector<std::string>* each : policy.methods()) {
    if (!allowed) {
      allowed = *each;
      continue;
    }
    std::erase_if(*allowed, [each](const std::string& method) {
      return std::find(each->begin(), each->end(), method) == each->end();
    });
  }
  if (!allowed) return;
  if (allowed->empty()) {
    faults.push_back({true, "its methods allow none: every request is answered 403", "name those that may come in"});
  } else if (std::find(allowed->begin(), allowed->end(), "GET") == allowed->end()) {
    std::string names;
    for (const std::string& method : *allowed) names += (names.empty() ? "" : ", ") + method;
    faults.push_back({false, "its methods allow " + names + " alone: a GET, as of a page, is answered 403",
                      "put GET into methods where pages are to be seen"});
  }
}

void check_quotas(const EffectivePolicy& policy, Faults& faults) {
  for (const EffectivePolicy::Quota& quota : policy.quotas()) {
    if (!quota.rule->closed) continue;
    const std::string slug(quota.project);
    faults.push_back({true,
                      "project \"" + slug + "\" may have no exchange by its limits: every request is answered 429",
                      "give it some: ingressctl project set " + slug + " --limits '{\"streams\":100}'"});
  }
}

// Of an address, and of the name that is one everywhere; what another name leads to is not known here.
bool is_refused(const http::WebUrl& url, const origin::TargetRule& targets) {
  const std::string ip = url.host == "localhost" ? "127.0.0.1" : url.host;
  return IpAddress::parse(ip) && !targets.allows(url.host, ip);
}

// Why nobody can come in by it.
std::optional<Fault> fault_of(const AuthWay& way, const AdmissionSettings& settings) {
  const std::string allow = "name another server, or allow this one: --allow-url-target ";
  if (const auto* forward = std::get_if<ForwardAuth>(&way)) {
    if (!is_refused(*forward->url, settings.targets)) return std::nullopt;
    return Fault{true, "the broker may not call " + forward->url->authority + ", which its auth forward asks: 502",
                 allow + forward->url->host};
  }
  const auto* jwt = std::get_if<JwtAuth>(&way);
  if (jwt == nullptr) return std::nullopt;
  if (jwt->jwks_url != nullptr && is_refused(*jwt->jwks_url, settings.targets)) {
    return Fault{true,
                 "the broker may not call " + jwt->jwks_url->authority + ", which has the keys of its auth jwt: 401",
                 allow + jwt->jwks_url->host};
  }
  if (jwt->secret.empty() || read_secret_key(settings.secrets_folder, jwt->secret) != nullptr) return std::nullopt;
  return Fault{true,
               "its auth jwt has no key: \"" + jwt->secret + "\" is no file of --secrets-dir with something in it: 401",
               settings.secrets_folder.empty() ? "give the broker --secrets-dir, and put the file there"
                                               : "put it there: " + settings.secrets_folder + "/" + jwt->secret};
}

// The same, once the server was looked at.
std::optional<Fault> fault_of(const AskedServer& server, ServerState state) {
  const std::string asked = server.url.authority + ", which its auth forward asks,";
  switch (state) {
    case ServerState::kAnswers:
      break;
    case ServerState::kNoAddress:
      return Fault{server.alone, asked + " has no address: 502", "make a record for it, or name another server"};
    case ServerState::kNotAllowed:
      return Fault{server.alone, asked + " is at no address that the broker may call: 502",
                   "name another server, or allow this one: --allow-url-target " + server.url.host};
    case ServerState::kRefuses:
      return Fault{server.alone, asked + " accepts no connection: 502", "start it, or name another server"};
    case ServerState::kSilent:
      return Fault{false, asked + " did not answer at once", "see whether the broker's machine can connect to it"};
  }
  return std::nullopt;
}

bool opens(const AuthWay& way) {
  const Auth* word = std::get_if<Auth>(&way);
  return word == nullptr || *word != Auth::kDeny;
}

void check_ways(const EffectivePolicy& policy, const AdmissionSettings& settings, Faults& faults) {
  if (policy.is_overfull()) {
    faults.push_back({true,
                      "more than " + std::to_string(EffectivePolicy::kMostLayers) +
                          " policies hold for its port, more than are looked at: every request is answered 403",
                      "take the policy off some of the projects and services on it, or detach some from the machine"});
    return;
  }
  if (policy.is_denied()) {
    faults.push_back({true, "its policy is auth deny: every request is answered 403",
                      "open it where it may be open: --auth public on its project, service or route"});
    return;
  }
  for (const AuthRule* rule : policy.auths()) {
    Faults broken;
    size_t good = 0;
    for (const AuthWay& way : rule->ways) {
      std::optional<Fault> fault = fault_of(way, settings);
      if (fault) {
        broken.push_back(std::move(*fault));
      } else if (opens(way)) {
        ++good;
      }
    }
    for (Fault& fault : broken) {
      fault.everybody = good == 0;
      faults.push_back(std::move(fault));
    }
  }
}

// Of several that keep everybody out the first one is told.
void add_fault(WhyFinding& finding, const Fault& fault) {
  if (finding.state == WhyState::kFailed) return;
  if (fault.everybody) {
    finding = {WhyState::kFailed, fault.detail, fault.advice};
    return;
  }
  finding.state = WhyState::kWarning;
  finding.detail += "; " + fault.detail;
  finding.advice += (finding.advice.empty() ? "" : "; ") + fault.advice;
}

}  // namespace

WhyFinding judge_policy(const EffectivePolicy& policy, const AdmissionSettings& settings, const std::string& words) {
  Faults faults;
  // As a request meets them.
  check_addresses(policy, faults);
  check_methods(policy, faults);
  check_quotas(policy, faults);
  check_ways(policy, settings, faults);
  WhyFinding finding{WhyState::kGood, words, {}};
  for (const Fault& fault : faults) add_fault(finding, fault);
  return finding;
}

std::vector<AskedServer> servers_asked(const EffectivePolicy& policy, const AdmissionSettings& settings) {
  std::vector<AskedServer> servers;
  if (policy.is_denied()) return servers;
  for (const AuthRule* rule : policy.auths()) {
    const auto works = [&settings](const AuthWay& way) { return opens(way) && !fault_of(way, settings); };
    const bool alone = std::count_if(rule->ways.begin(), rule->ways.end(), works) == 1;
    for (const AuthWay& way : rule->ways) {
      const auto* forward = std::get_if<ForwardAuth>(&way);
      if (forward != nullptr && works(way)) servers.push_back({*forward->url, alone});
    }
  }
  return servers;
}

WhyFinding with_server(WhyFinding judged, const AskedServer& server, ServerState state) {
  if (const std::optional<Fault> fault = fault_of(server, state)) add_fault(judged, *fault);
  return judged;
}

WhyFinding with_protocol(WhyFinding probed, OriginProtocol protocol) {
  if (probed.state != WhyState::kGood) return probed;
  const bool usual = protocol == OriginProtocol::kHttp;
  const std::string name = usual ? "http" : protocol == OriginProtocol::kHttps ? "https" : "h2c";
  probed.detail += "; whether it speaks " + name + ", its origin_protocol, is not tried";
  if (usual) return probed;
  return {WhyState::kWarning, std::move(probed.detail),
          "where requests are answered 502, say what it speaks: --origin-protocol http"};
}

}  // namespace ingress::broker::admin
