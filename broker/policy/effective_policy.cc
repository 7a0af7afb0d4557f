#include "broker/policy/effective_policy.h"

#include <algorithm>
#include <functional>

namespace ingress::broker {
namespace {

const AuthRule kDenied = AuthRule::of(Auth::kDeny);

// Whether a way in tells the origin who asks: then no client may.
bool tells_identity(const AuthRule& rule) {
  return std::any_of(rule.ways.begin(), rule.ways.end(), [](const AuthWay& way) {
    if (const auto* jwt = std::get_if<JwtAuth>(&way)) return !jwt->claim_headers.empty();
    const auto* forward = std::get_if<ForwardAuth>(&way);
    return forward != nullptr && !forward->response_headers.empty();
  });
}

bool is_plain(const Policy& policy) {
  if (policy.auth && tells_identity(*policy.auth)) return false;
  return !(policy.methods || policy.ip_allow || policy.ip_deny || policy.strip_prefix || policy.add_prefix ||
           policy.request_headers || policy.response_headers || policy.security_headers || policy.timeouts ||
           policy.max_body || policy.rate || policy.canonical || policy.cookies || policy.root_path_field);
}

}  // namespace

void EffectivePolicy::clear() {
  enforced_ = nullptr;
  count_ = auth_count_ = quota_count_ = 0;
  level_ = 0;
  auth_set_ = level_open_ = overfull_ = false;
  plain_ = true;
}

void EffectivePolicy::look_at(const Policy& policy) { plain_ = plain_ && is_plain(policy); }

void EffectivePolicy::enforce(const Policy* policy) {
  if (policy == nullptr) return;
  enforced_ = policy;
  look_at(*policy);
  if (policy->auth) auths_[auth_count_++] = &*policy->auth;
}

void EffectivePolicy::add(const Policy* policy) {
  if (policy == nullptr) return;
  // Nearer, or of this level: what it says holds, or is overridden, from there.
  if (std::find(layers_.begin(), layers_.begin() + count_, policy) != layers_.begin() + count_) return;
  look_at(*policy);
  if (count_ == kMostLayers) {
    // What does not fit may have closed the way.
    overfull_ = true;
    auths_[0] = &kDenied;
    auth_count_ = 1;
    return;
  }
  levels_[count_] = level_;
  layers_[count_++] = policy;
  if (policy->auth) add_auth(*policy->auth);
}

void EffectivePolicy::add_auth(const AuthRule& rule) {
  if (overfull_ || (auth_set_ && !level_open_)) return;  // a nearer level has said it
  auth_set_ = level_open_ = true;
  auths_[auth_count_++] = &rule;
}

size_t EffectivePolicy::fingerprint() const {
  constexpr size_t kOdd = 0x9e3779b97f4a7c15;
  size_t print = enforced_ == nullptr ? 0 : enforced_->print;
  for (size_t i = 0; i < count_; ++i) print = print * kOdd + layers_[i]->print;
  return print;
}

void EffectivePolicy::add_quota(const Quota& quota) {
  for (const Quota& known : quotas()) {
    if (known.rule == quota.rule) return;
  }
  plain_ = false;
  if (quota_count_ < kMostQuotas) quotas_[quota_count_++] = quota;
}

std::optional<Duration> EffectivePolicy::park() const {
  const Duration* found = find(&Policy::park);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

bool EffectivePolicy::is_public() const {
  const auto rules = auths();
  return !rules.empty() &&
         std::all_of(rules.begin(), rules.end(), [](const AuthRule* rule) { return rule->is(Auth::kPublic); });
}

bool EffectivePolicy::is_denied() const {
  const auto rules = auths();
  return rules.empty() ||
         std::any_of(rules.begin(), rules.end(), [](const AuthRule* rule) { return rule->is(Auth::kDeny); });
}

std::string EffectivePolicy::auth_words() const {
  if (auth_count_ == 0) return "deny";
  std::string words;
  for (const AuthRule* rule : auths()) words += (words.empty() ? "" : " and ") + rule->words();
  return words;
}

}  // namespace ingress::broker
