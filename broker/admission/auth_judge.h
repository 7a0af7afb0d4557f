// Whether a request is let in by one of a rule's ways, as far as that is known without asking anybody; and how a
// refusal is told. Thread: the loop's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "broker/admission/asked.h"
#include "broker/admission/key_store.h"
#include "broker/admission/terms.h"
#include "broker/calls/web_caller.h"
#include "broker/model/records.h"
#include "broker/policy/auth_rule.h"
#include "broker/routing/captures.h"
#include "broker/routing/request_path.h"

namespace ingress::broker {

inline constexpr Error kPolicyDenies{ErrorCode::kForbidden, Side::kClient, false, 0, "the policy denies every request"};

// What ways in are judged with; outlives whoever has it.
struct AuthParts {
  KeyStore* keys = nullptr;
  WebCaller* caller = nullptr;
  const origin::TargetRule* targets = nullptr;
};

// Where the request was resolved to. Shares are judged at once, or not at all (no path).
struct AuthPlace {
  std::string_view machine;
  std::string_view project;
  int port = 0;
  const Captures& captures;
  const RequestPath* path = nullptr;
  std::function<const Share*(std::string_view id)> share;
  bool frameable = false;
};

enum class Tried : uint8_t { kYes, kNo, kAsk };

// Why none of the ways has let the request in, gathered; the most telling one is answered.
class Refusals {
 public:
  void challenge(std::string field) { challenges_.push_back(std::move(field)); }
  void by_server(Instead instead) { server_ = std::move(instead); }
  void expired() { expired_ = true; }
  void follow(std::string_view target, std::string cookie);

  // A link that is to be followed; then nothing else matters.
  bool follows() const { return follow_.has_value(); }
  Instead told() const;

 private:
  std::vector<std::string> challenges_;
  std::optional<Instead> server_;
  std::optional<Instead> follow_;
  bool expired_ = false;
};

// kYes has told `terms` what the way changes.
Tried try_way(const AuthWay& way, const AuthParts& parts, const Asked& asked, const AuthPlace& place, Terms& terms,
              Refusals& refusals);

// RFC: Fetch, 4.8: the question before a cross-origin request, which can bring no credentials.
bool is_preflight(const Asked& asked);

}  // namespace ingress::broker
