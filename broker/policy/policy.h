// A policy: what one JSON object of a route, service, machine, project or the whole broker sets. Read once, when a row
// is loaded, and shared from then on. What holds for a request is an EffectivePolicy.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/policy/auth_rule.h"
#include "broker/policy/header_edits.h"
#include "common/base/address_block.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/http/forward_rules.h"

namespace ingress::broker {

// What the origin speaks: HTTP/1.1, HTTP/2 in clear by prior knowledge, or HTTP/1.1 over TLS.
enum class OriginProtocol : uint8_t { kHttp, kH2c, kHttps };
// Fields that tell browsers to be careful: none; kStandard; kFrameable, which lets others frame the page.
enum class SecurityHeaders : uint8_t { kOff, kStandard, kFrameable };
enum class CookieScope : uint8_t { kIsolate, kPass };

// Per client address or for all of a policy's requests; 0: no limit of that kind.
struct RateRule {
  double requests_per_second = 0;
  double burst = 0;  // requests at once before the rate holds
  int streams = 0;   // running at once
  uint64_t bytes_per_second = 0;
  bool per_client = true;
  bool closed = false;  // nothing at all may run
};

// What the clear port does with a host's requests.
enum class HttpMode : uint8_t { kRedirect, kServe };

// 0: the broker's own, and for `connect` the agent's.
struct TimeoutRule {
  Duration connect{0};
  Duration idle{0};
  Duration first_byte{0};
};

struct Policy {
  std::optional<http::HostMode> host;
  std::optional<http::OriginMode> origin;
  std::optional<AuthRule> auth;
  std::optional<OriginProtocol> origin_protocol;
  std::optional<Duration> park;
  std::optional<std::string> wake;  // "": off
  std::optional<std::vector<std::string>> methods;
  std::optional<std::vector<AddressBlock>> ip_allow;
  std::optional<std::vector<AddressBlock>> ip_deny;
  std::optional<std::string> strip_prefix;  // "/app", may have captures; "": none
  std::optional<std::string> add_prefix;
  std::optional<HeaderEdits> request_headers;
  std::optional<HeaderEdits> response_headers;
  std::optional<SecurityHeaders> security_headers;
  std::optional<TimeoutRule> timeouts;
  std::optional<uint64_t> max_body;
  std::optional<RateRule> rate;
  std::optional<HttpMode> http_mode;
  std::optional<bool> canonical;  // redirect to the project's canonical host
  std::optional<CookieScope> cookies;
  std::optional<bool> root_path_field;  // X-RStudio-Root-Path beside X-Forwarded-Prefix
  std::string text;                     // the JSON that it was read from, for people
  size_t print = 0;                     // of the text

  bool operator==(const Policy&) const = delete;
  // Takes from `bundle` every key that is not set here.
  void fill_from(const Policy& bundle);
  // What it says, all in all.
  void set_text(std::string_view json);
};

// `problem` gets a sentence for the operator where the text is refused (kInvalidArgument). `text` is a JSON object.
Result<Policy> parse_policy(std::string_view text, std::string& problem);
// The value of `auth` as a flag has it: a word, or the JSON of one.
Result<AuthRule> parse_auth(std::string_view text, std::string& problem);
// The policy object with its secrets (passwords, tokens) turned into hashes: what may be kept. An object that cannot be
// read is given back as it is, for parse_policy to refuse.
std::string without_secrets(std::string_view text);
// The same for the value of `auth` alone, as parse_auth takes it.
std::string auth_without_secrets(std::string_view text);

// The policy object with `auth` set to the value, as parse_auth takes it.
std::string with_auth(std::string_view policy, std::string_view auth);

// A key with its value, where that is a word.
struct KeyWord {
  std::string key;
  std::string_view word;
};
// What a profile sets where the policy beside it does not; nothing for a name that is none's.
std::vector<KeyWord> keys_of_profile(std::string_view name);

// null where the text is "{}" or cannot be read.
std::shared_ptr<const Policy> load_policy(std::string_view text);

}  // namespace ingress::broker
