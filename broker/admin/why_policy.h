// What of a policy keeps everybody out, or some, as far as it can be told without asking anybody: filters, quotas, ways
// in that cannot work. Reads the files of keys that it names; else pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/admin/why_report.h"
#include "broker/admission/admission.h"
#include "broker/policy/effective_policy.h"
#include "common/http/web_url.h"

namespace ingress::broker::admin {

// `words`: the policy as people are told it, where there is nothing wrong. kFailed where nobody comes in, kWarning
// where some do.
WhyFinding judge_policy(const EffectivePolicy& policy, const AdmissionSettings& settings, const std::string& words);

// A server that a way in asks (auth forward), and against which nothing is known yet.
struct AskedServer {
  http::WebUrl url;
  bool alone = false;  // nobody comes in without it
};
std::vector<AskedServer> servers_asked(const EffectivePolicy& policy, const AdmissionSettings& settings);

enum class ServerState : uint8_t { kAnswers, kNoAddress, kNotAllowed, kRefuses, kSilent };
// What was found of a policy, once such a server was looked at.
WhyFinding with_server(WhyFinding judged, const AskedServer& server, ServerState state);

// What a probe, which only connects, does not tell of a port whose origin is to speak `protocol`: that it does. A
// warning where somebody has said so, for the usual one a part of the line.
WhyFinding with_protocol(WhyFinding probed, OriginProtocol protocol);

}  // namespace ingress::broker::admin
