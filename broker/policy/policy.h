// The policy keys known so far, read from their JSON objects once, when a row is loaded; merging is cheap.
//
// Keys: host (rewrite|preserve), origin (rewrite|preserve), origin_protocol (http|h2c), profile
// (vite|next|django|jupyter|grpc), auth (public|deny), park (a duration up to 7d; "0s": no request waits), wake (the
// http or https URL that wakes the machine, or "off").
// A profile is a bundle of the others; a key said beside it wins over the bundle. Unknown keys and words are refused.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/http/forward_rules.h"

namespace ingress::broker {

enum class Auth : uint8_t { kPublic, kDeny };
// What the origin speaks: HTTP/1.1, or HTTP/2 in clear by prior knowledge.
enum class OriginProtocol : uint8_t { kHttp, kH2c };

// There is a policy for each of a million routes: few bytes.
using ParkTime = std::chrono::duration<uint32_t, std::milli>;

struct Policy {
  std::optional<http::HostMode> host;
  std::optional<http::OriginMode> origin;
  std::optional<Auth> auth;
  std::optional<OriginProtocol> origin_protocol;
  std::optional<ParkTime> park;
  std::shared_ptr<const std::string> wake;  // null: unset; "": off. Shared by all that inherit it

  // Takes from `farther` every key that is not set here.
  void inherit(const Policy& farther);
};

// `problem` gets a sentence for the operator where the text is refused (kInvalidArgument).
Result<Policy> parse_policy(std::string_view json, std::string& problem);
Result<Auth> parse_auth(std::string_view word);

}  // namespace ingress::broker
