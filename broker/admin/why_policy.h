// What of a policy keeps everybody out, or some, as far as it can be told without asking anybody: filters, quotas, ways
// in that cannot work. Reads the files of keys that it names; else pure.
#pragma once

#include <string>

#include "broker/admin/why_report.h"
#include "broker/admission/admission.h"
#include "broker/policy/effective_policy.h"

namespace ingress::broker::admin {

// `words`: the policy as people are told it, where there is nothing wrong. kFailed where nobody comes in, kWarning
// where some do.
WhyFinding judge_policy(const EffectivePolicy& policy, const AdmissionSettings& settings, const std::string& words);

// What a probe, which only connects, does not tell of a port whose origin speaks `protocol`.
WhyFinding with_protocol(WhyFinding probed, OriginProtocol protocol);

}  // namespace ingress::broker::admin
