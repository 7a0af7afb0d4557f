// What is decided by the request's head and its client's address alone: addresses, methods, the size of the body. Pure.
#pragma once

#include <optional>

#include "broker/admission/asked.h"
#include "broker/admission/terms.h"
#include "broker/policy/effective_policy.h"

namespace ingress::broker {

// The refusal; nullopt where the request may go on.
std::optional<Instead> filter(const EffectivePolicy& policy, const Asked& asked);
// The least of the body limits that hold; UINT64_MAX for none.
uint64_t max_body_of(const EffectivePolicy& policy);

}  // namespace ingress::broker
