#include "broker/admission/filters.h"

#include <algorithm>
#include <charconv>

namespace ingress::broker {
namespace {

constexpr Error kAddress{ErrorCode::kForbidden, Side::kClient, false, 0, "the policy does not let this address in"};
constexpr Error kMethod{ErrorCode::kForbidden, Side::kClient, false, 0, "the policy does not allow this method"};
constexpr Error kTooLong{ErrorCode::kBodyTooLarge, Side::kClient, false, 0,
                         "the body is longer than the policy allows"};

bool holds(const std::vector<AddressBlock>& blocks, const std::optional<IpAddress>& address) {
  return address && std::any_of(blocks.begin(), blocks.end(),
                                [&address](const AddressBlock& block) { return block.contains(*address); });
}

bool address_may(const EffectivePolicy& policy, std::string_view client_ip) {
  const auto allow = policy.ip_allow();
  const auto deny = policy.ip_deny();
  if (!allow && !deny) return true;
  const std::optional<IpAddress> address = IpAddress::parse(client_ip);
  const auto has = [&address](const auto* blocks) { return holds(*blocks, address); };
  return std::none_of(deny.begin(), deny.end(), has) && std::all_of(allow.begin(), allow.end(), has);
}

bool method_may(const EffectivePolicy& policy, std::string_view method) {
  const auto methods = policy.methods();
  return std::all_of(methods.begin(), methods.end(), [method](const std::vector<std::string>* each) {
    return std::find(each->begin(), each->end(), method) != each->end();
  });
}

uint64_t content_length(const http::Fields& fields) {
  const http::Field* field = http::find_field(fields, "Content-Length");
  uint64_t length = 0;
  if (field != nullptr) std::from_chars(field->value.data(), field->value.data() + field->value.size(), length);
  return length;
}

}  // namespace

uint64_t max_body_of(const EffectivePolicy& policy) {
  uint64_t least = UINT64_MAX;
  for (const uint64_t* const each : policy.max_body()) least = std::min(least, *each);
  return least;
}

std::optional<Instead> filter(const EffectivePolicy& policy, const Asked& asked) {
  if (!address_may(policy, asked.client_ip)) return Instead{kAddress, 0, {}};
  if (!method_may(policy, asked.head.method)) return Instead{kMethod, 0, {}};
  if (content_length(asked.head.fields) > max_body_of(policy)) return Instead{kTooLong, 0, {}};
  return std::nullopt;
}

}  // namespace ingress::broker
