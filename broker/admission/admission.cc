#include "broker/admission/admission.h"

#include <algorithm>
#include <utility>

#include "broker/admission/client_key.h"
#include "broker/admission/filters.h"
#include "broker/admission/rewriting.h"
#include "broker/admission/share_pass.h"

namespace ingress::broker {
namespace {

constexpr Error kTooMany{ErrorCode::kRateLimited, Side::kClient, true, 0, "more requests than the policy allows"};
constexpr Error kOverQuota{ErrorCode::kRateLimited, Side::kClient, true, 0, "more than the project's limits allow"};
constexpr Error kElsewhere{ErrorCode::kForbidden, Side::kClient, false, 0, "the project has another name"};
constexpr int kMovedPermanently = 301;

// A link or a cookie of a share that is there, and a policy that asks for one.
bool comes_by_share(const Asked& asked, const EffectivePolicy& policy, const AuthPlace& place) {
  const auto rules = policy.auths();
  const auto takes_shares = [](const AuthRule* rule) { return rule->has(Auth::kShare); };
  if (std::none_of(rules.begin(), rules.end(), takes_shares)) return false;
  const SharePlace here{place.machine, place.project, place.port, *place.path};
  return judge_share(asked, here, place.share, place.frameable).outcome != ShareOutcome::kNone;
}

// A share is for its host alone: who comes by one is served there, and no link is shown to another host. Of a preflight
// and of a WebSocket browsers follow no redirect.
std::optional<Instead> canonical(const Asked& asked, const Resolution& found, const AuthPlace& place) {
  if (found.canonical_host.empty() || asked.upgrade || is_preflight(asked)) return std::nullopt;
  if (comes_by_share(asked, found.policy, place)) return std::nullopt;
  std::string url = (asked.tls ? "https://" : "http://") + found.canonical_host;
  const bool usual = asked.port == (asked.tls ? 443 : 80);
  if (!usual) url += ":" + std::to_string(asked.port);
  url += asked.target == "*" ? "/" : without_share_link(asked.target).value_or(std::string(asked.target));
  return Instead{kElsewhere, kMovedPermanently, {{"Location", std::move(url)}}};
}

void drop_identities(const AuthRule& rule, Terms& terms) {
  for (const AuthWay& way : rule.ways) {
    if (const auto* jwt = std::get_if<JwtAuth>(&way)) {
      for (const auto& [claim, field] : jwt->claim_headers) terms.remove_fields.push_back(folded_name(field));
    } else if (const auto* forward = std::get_if<ForwardAuth>(&way)) {
      for (const std::string& field : forward->response_headers) terms.remove_fields.push_back(folded_name(field));
    }
  }
}

// Fields by which a policy tells the origin something, who asks before all, come from nobody else: whichever way it is
// that lets in, and where a nearer policy has overridden the one that sets them too.
void drop_identities(const EffectivePolicy& policy, Terms& terms) {
  policy.each_layer([&terms](const Policy& layer) {
    if (layer.auth) drop_identities(*layer.auth, terms);
    if (!layer.request_headers) return;
    for (const auto& [name, value] : layer.request_headers->set) terms.remove_fields.push_back(folded_name(name));
  });
}

// What refuses the request, nullopt where nothing does yet; `open` gets the rules for which somebody is to be asked.
std::optional<Instead> try_rules(const EffectivePolicy& policy, const AuthParts& parts, const Asked& asked,
                                 const AuthPlace& place, Terms& terms, std::vector<AuthRule>& open) {
  for (const AuthRule* rule : policy.auths()) {
    Refusals refusals;
    Tried best = Tried::kNo;
    for (const AuthWay& way : rule->ways) {
      const Tried tried = try_way(way, parts, asked, place, terms, refusals);
      if (tried == Tried::kAsk && best == Tried::kNo) best = tried;
      if (tried == Tried::kYes) best = tried;
      if (tried == Tried::kYes || refusals.follows()) break;
    }
    if (best == Tried::kNo || refusals.follows()) return refusals.told();
    if (best == Tried::kAsk) open.push_back(*rule);
  }
  return std::nullopt;
}

}  // namespace

Admission::Admission(uv::Loop& loop, const RouteTable& routes, AdmissionSettings settings)
    : loop_(loop), routes_(routes), caller_(loop), keys_(loop, caller_) {
  set(std::move(settings));
}

void Admission::set(AdmissionSettings settings) {
  settings_ = std::move(settings);
  keys_.set(settings_.secrets_folder, settings_.targets);
}

bool Admission::may_by_rate(const Asked& asked, const Resolution& found, Admitted& admitted, Instead& instead) {
  for (const EffectivePolicy::Quota& quota : found.policy.quotas()) {
    if (!take_rate(*quota.rule, "=" + std::string(quota.project), kOverQuota, asked, admitted, instead)) return false;
  }
  const auto rates = found.policy.rate();
  if (!rates) return true;
  const std::string place = std::string(found.machine) + ":" + std::to_string(found.port);
  for (const RateRule* rule : {rates.enforced, rates.nearest}) {
    if (rule == nullptr) continue;
    std::string name = (rule == rates.enforced ? "!" : "") + place;
    if (rule->per_client) name.append(1, RateTable::kClientMark).append(client_key(asked.client_ip));
    if (!take_rate(*rule, name, kTooMany, asked, admitted, instead)) return false;
  }
  return true;
}

bool Admission::take_rate(const RateRule& rule, const std::string& name, const Error& why, const Asked& asked,
                          Admitted& admitted, Instead& instead) {
  RateTable::Taken taken = rates_.take(rule, name, asked.loop_now);
  if (taken.hold == nullptr) {
    const auto seconds = (taken.wait.count() + 999) / 1000;
    instead = {why, 0, {{"Retry-After", std::to_string(seconds)}}};
    return false;
  }
  admitted.holds.push_back(std::move(taken.hold));
  return true;
}

Judged Admission::judge(const Asked& asked, const Resolution& found, Admitted& admitted, Instead& instead,
                        std::unique_ptr<Inquiry>& inquiry, Inquiry::OnDone on_done) {
  const EffectivePolicy& policy = found.policy;
  const auto refuse = [&instead](Instead with) {
    instead = std::move(with);
    return Judged::kOut;
  };
  if (auto refusal = filter(policy, asked)) return refuse(std::move(*refusal));
  const AuthParts parts{&keys_, &caller_, &settings_.targets};
  const AuthPlace place{found.machine,
                        found.project,
                        found.port,
                        found.captures,
                        &found.path,
                        [this](std::string_view id) { return routes_.read().share(id); },
                        policy.security_headers() == SecurityHeaders::kFrameable};
  if (auto elsewhere = canonical(asked, found, place)) return refuse(std::move(*elsewhere));
  if (!may_by_rate(asked, found, admitted, instead)) return Judged::kOut;
  if (policy.is_denied()) return refuse({kPolicyDenies, 0, {}});
  Terms& terms = admitted.terms;
  terms.max_body_bytes = max_body_of(policy);
  terms.idle = policy.timeouts().idle;
  terms.connect = policy.timeouts().connect;
  terms.first_byte = policy.timeouts().first_byte;
  drop_identities(policy, terms);
  std::vector<AuthRule> open;
  if (!is_preflight(asked)) {
    if (auto refusal = try_rules(policy, parts, asked, place, terms, open)) return refuse(std::move(*refusal));
  }
  if (auto refusal = plan_rewriting(found, asked, terms)) return refuse(std::move(*refusal));
  if (open.empty()) return Judged::kIn;
  inquiry = std::make_unique<Inquiry>(parts, asked, place, std::move(open), terms, std::move(on_done));
  inquiry->start(loop_);
  return Judged::kAsking;
}

}  // namespace ingress::broker
