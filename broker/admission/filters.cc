#include "broker/admission/filters.h"

#include <algorithm>
#include <charconv>

namespace ingress::broker {
namespace {

constexpr Error kAddress{ErrorCode::kForbidden, Side::kClient, false, 0, "the policy does not let this address in"};
constexpr Error kMethod{ErrorCode::kForbidden, Side::kClient, false, 0, "the policy does not allow this method"};
constexpr Error kTooLong{ErrorCode::kBodyTooLarge, Side::kClient, false, 0,
                         "the body is longer than the policy allows"};

bool holds(const std::vector<AddressBlock>* blocks, const std::optional<IpAddress>& address) {
  return address && std::any_of(blocks->begin(), blocks->end(),
                                [&address](const AddressBlock& block) { return block.contains(*address); });
}

bool address_may(const EffectivePolicy& policy, std::string_view client_ip) {
  const auto allow = policy.ip_allow();
  const auto deny = policy.ip_deny();
  if (!allow && !deny) return true;
  const std::optional<IpAddress> address = IpAddress::parse(client_ip);
  for (const auto* each : {deny.enforced, deny.nearest}) {
    if (each != nullptr && holds(each, address)) return false;
  }
  for (const auto* each : {allow.enforced, allow.nearest}) {
    if (each != nullptr && !holds(each, address)) return false;
  }
  return true;
}

bool method_may(const EffectivePolicy& policy, std::string_view method) {
  const auto methods = policy.methods();
  for (const auto* each : {methods.enforced, methods.nearest}) {
    if (each != nullptr && std::find(each->begin(), each->end(), method) == each->end()) return false;
  }
  return true;
}

uint64_t content_length(const http::Fields& fields) {
  const http::Field* field = http::find_field(fields, "Content-Length");
  uint64_t length = 0;
  if (field != nullptr) std::from_chars(field->value.data(), field->value.data() + field->value.size(), length);
  return length;
}

}  // namespace

uint64_t max_body_of(const EffectivePolicy& policy) {
  const auto most = policy.max_body();
  return std::min(most.enforced == nullptr ? UINT64_MAX : *most.enforced,
                  most.nearest == nullptr ? UINT64_MAX : *most.nearest);
}

std::optional<Instead> filter(const EffectivePolicy& policy, const Asked& asked) {
  if (!address_may(policy, asked.client_ip)) return Instead{kAddress, 0, {}};
  if (!method_may(policy, asked.head.method)) return Instead{kMethod, 0, {}};
  if (content_length(asked.head.fields) > max_body_of(policy)) return Instead{kTooLong, 0, {}};
  return std::nullopt;
}

}  // namespace ingress::broker
