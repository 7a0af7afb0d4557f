#include "broker/policy/policy.h"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "broker/model/target_template.h"
#include "broker/policy/policy_reading.h"
#include "common/cli/values.h"
#include "common/http/web_url.h"

namespace ingress::broker {
namespace {

using nlohmann::json;

constexpr auto kSecurity = std::to_array<Word<SecurityHeaders>>({{"off", SecurityHeaders::kOff},
                                                                 {"standard", SecurityHeaders::kStandard},
                                                                 {"frameable", SecurityHeaders::kFrameable}});
constexpr auto kHttpMode =
    std::to_array<Word<HttpMode>>({{"redirect", HttpMode::kRedirect}, {"serve", HttpMode::kServe}});
constexpr auto kCanonical = std::to_array<Word<bool>>({{"redirect", true}, {"off", false}});
constexpr auto kCookies =
    std::to_array<Word<CookieScope>>({{"isolate", CookieScope::kIsolate}, {"pass", CookieScope::kPass}});

Status read_park(const KeyReading& in, Policy& policy) {
  constexpr Duration kMost = std::chrono::hours(24) * 7;
  Status status;
  const std::string* word = in.word(status);
  if (word == nullptr) return status;
  const cli::Parsed<Duration> time = cli::parse_duration(*word);
  if (!time || *time > kMost) {
    return in.refuse("cannot be \"" + *word + "\": it is a duration such as 30s, up to 7d; 0s: no request waits");
  }
  policy.park = *time;
  return {};
}

Status read_wake(const KeyReading& in, Policy& policy) {
  Status status;
  const std::string* word = in.word(status);
  if (word == nullptr) return status;
  if (*word != "off") {
    if (const Result<http::WebUrl> url = http::parse_web_url(*word); !url) {
      return in.refuse("is the URL of a webhook, or off: " + std::string(url.error().context));
    }
  }
  policy.wake = *word == "off" ? "" : *word;
  return {};
}

Status read_methods(const KeyReading& in, Policy& policy) {
  std::vector<std::string> methods;
  if (Status read = read_words(in, methods); !read) return read;
  for (const std::string& method : methods) {
    const bool good = !method.empty() && std::all_of(method.begin(), method.end(),
                                                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
    if (!good) return in.refuse("is a list of methods in capitals, as [\"GET\", \"POST\"]");
  }
  policy.methods = std::move(methods);
  return {};
}

Status read_blocks(const KeyReading& in, std::optional<std::vector<AddressBlock>>& out) {
  std::vector<std::string> words;
  if (Status read = read_words(in, words); !read) return read;
  std::vector<AddressBlock> blocks;
  for (const std::string& word : words) {
    const std::optional<AddressBlock> block = AddressBlock::parse(word);
    if (!block) return in.refuse("has \"" + word + "\", which is no address and no block such as 10.0.0.0/8");
    blocks.push_back(*block);
  }
  out = std::move(blocks);
  return {};
}

Status read_prefix(const KeyReading& in, std::optional<std::string>& out) {
  Status status;
  const std::string* word = in.word(status);
  if (word == nullptr) return status;
  std::string prefix = *word;
  while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
  const bool bad = prefix.find_first_of("?# \\%") != std::string::npos || prefix.find("/.") != std::string::npos ||
                   (!prefix.empty() && prefix.front() != '/') || !good_header_value(prefix);
  if (bad) return in.refuse("is a path such as /app or /connect/{user}, without a query and encoded bytes");
  out = std::move(prefix);
  return {};
}

Status read_edits_of(const KeyReading& in, std::vector<std::pair<std::string, std::string>>& out) {
  if (!in.value.is_object()) return in.refuse("is an object of fields, as {\"X-User\": \"{user}\"}");
  for (const auto& [name, value] : in.value.items()) {
    if (!may_edit_field(name)) return in.refuse("cannot have the field \"" + name + "\"");
    if (!value.is_string() || !good_header_value(value.get_ref<const std::string&>())) {
      return in.refuse("has no good value for \"" + name + "\": text, with {variables} and captures");
    }
    out.emplace_back(name, value.get<std::string>());
  }
  return {};
}

Status read_edits(const KeyReading& in, std::optional<HeaderEdits>& out) {
  if (!in.value.is_object()) return in.refuse("is an object of set, add and remove");
  HeaderEdits edits;
  for (const auto& [name, value] : in.value.items()) {
    Status read;
    if (name == "set" || name == "add") {
      auto& to = name == "set" ? edits.set : edits.add;
      read = in.member(name, value, [&to](const KeyReading& inner) { return read_edits_of(inner, to); });
    } else if (name == "remove") {
      read = in.member(name, value, [&edits](const KeyReading& inner) { return read_words(inner, edits.remove); });
    } else {
      read = in.refuse("has no \"" + name + "\": it is an object of set, add and remove");
    }
    if (!read) return read;
  }
  for (const std::string& name : edits.remove) {
    if (!may_edit_field(name)) return in.refuse("cannot remove the field \"" + name + "\"");
  }
  out = std::move(edits);
  return {};
}

Status read_duration(const KeyReading& in, Duration& out) {
  Status status;
  const std::string* word = in.word(status);
  if (word == nullptr) return status;
  const cli::Parsed<Duration> time = cli::parse_duration(*word);
  if (!time || time->count() <= 0) return in.refuse("is a duration such as 30s");
  out = *time;
  return {};
}

Status read_timeouts(const KeyReading& in, Policy& policy) {
  constexpr const char* kKeys = "an object of connect, idle and first_byte";
  if (!in.value.is_object()) return in.refuse(std::string("is ") + kKeys + ", as {\"idle\": \"1h\"}");
  TimeoutRule rule;
  for (const auto& [name, value] : in.value.items()) {
    Duration* const to = name == "connect"      ? &rule.connect
                         : name == "idle"       ? &rule.idle
                         : name == "first_byte" ? &rule.first_byte
                                                : nullptr;
    if (to == nullptr) return in.refuse("has no \"" + name + "\": it is " + kKeys);
    const Status read = in.member(name, value, [to](const KeyReading& inner) { return read_duration(inner, *to); });
    if (!read) return read;
  }
  policy.timeouts = rule;
  return {};
}

Status read_bytes(const KeyReading& in, uint64_t& out) {
  if (in.value.is_number_unsigned()) {
    out = in.value.get<uint64_t>();
    return {};
  }
  if (in.value.is_string()) {
    if (const cli::Parsed<uint64_t> size = cli::parse_size(in.value.get_ref<const std::string&>())) {
      out = *size;
      return {};
    }
  }
  return in.refuse("is a number of bytes, as 1048576 or \"1m\"");
}

Status read_max_body(const KeyReading& in, Policy& policy) {
  uint64_t bytes = 0;
  if (Status read = read_bytes(in, bytes); !read) return read;
  policy.max_body = bytes;
  return {};
}

Status read_positive(const KeyReading& in, double& out) {
  if (!in.value.is_number() || in.value.get<double>() <= 0) return in.refuse("is a number above 0");
  out = in.value.get<double>();
  return {};
}

Status read_rate_member(const KeyReading& in, std::string_view name, RateRule& rule) {
  if (name == "requests_per_second") return read_positive(in, rule.requests_per_second);
  if (name == "burst") return read_positive(in, rule.burst);
  if (name == "bytes_per_second") {
    Status read = read_bytes(in, rule.bytes_per_second);
    return read && rule.bytes_per_second == 0 && !in.kept ? in.refuse("is a number of bytes above 0") : read;
  }
  if (name == "streams") {
    double streams = 0;
    Status read = read_positive(in, streams);
    rule.streams = static_cast<int>(std::min(streams, 1e6));
    return read;
  }
  if (name == "per") {
    std::optional<bool> per_client;
    constexpr auto kPer = std::to_array<Word<bool>>({{"client", true}, {"route", false}});
    Status read = read_word(in, kPer, per_client);
    rule.per_client = per_client.value_or(true);
    return read;
  }
  return in.refuse("is not known: rate has requests_per_second, burst, streams, bytes_per_second and per");
}

Status read_rate(const KeyReading& in, Policy& policy) {
  if (!in.value.is_object()) return in.refuse("is an object, as {\"requests_per_second\": 10, \"burst\": 20}");
  RateRule rule;
  for (const auto& [name, value] : in.value.items()) {
    const Status read = in.member(
        name, value, [&rule, &name = name](const KeyReading& inner) { return read_rate_member(inner, name, rule); });
    if (!read) return read;
  }
  if (rule.burst == 0) rule.burst = std::max(1.0, rule.requests_per_second);
  policy.rate = rule;
  return {};
}

Status read_policy_auth(const KeyReading& in, Policy& policy) {
  AuthRule rule;
  Status read = read_auth(in, rule);
  if (read) policy.auth = std::move(rule);
  return read;
}

struct Key {
  std::string_view name;
  Status (*read)(const KeyReading& in, Policy& policy);
};
constexpr auto kKeys = std::to_array<Key>({
    {"host", [](const KeyReading& in, Policy& policy) { return read_word(in, kHostWords, policy.host); }},
    {"origin", [](const KeyReading& in, Policy& policy) { return read_word(in, kOriginWords, policy.origin); }},
    {"origin_protocol",
     [](const KeyReading& in, Policy& policy) { return read_word(in, kProtocolWords, policy.origin_protocol); }},
    {"profile", read_profile},
    {"auth", read_policy_auth},
    {"park", read_park},
    {"wake", read_wake},
    {"methods", read_methods},
    {"ip_allow", [](const KeyReading& in, Policy& policy) { return read_blocks(in, policy.ip_allow); }},
    {"ip_deny", [](const KeyReading& in, Policy& policy) { return read_blocks(in, policy.ip_deny); }},
    {"strip_prefix", [](const KeyReading& in, Policy& policy) { return read_prefix(in, policy.strip_prefix); }},
    {"add_prefix", [](const KeyReading& in, Policy& policy) { return read_prefix(in, policy.add_prefix); }},
    {"request_headers", [](const KeyReading& in, Policy& policy) { return read_edits(in, policy.request_headers); }},
    {"response_headers", [](const KeyReading& in, Policy& policy) { return read_edits(in, policy.response_headers); }},
    {"security_headers",
     [](const KeyReading& in, Policy& policy) { return read_word(in, kSecurity, policy.security_headers); }},
    {"timeouts", read_timeouts},
    {"max_body", read_max_body},
    {"rate", read_rate},
    {"http_mode", [](const KeyReading& in, Policy& policy) { return read_word(in, kHttpMode, policy.http_mode); }},
    {"canonical", [](const KeyReading& in, Policy& policy) { return read_word(in, kCanonical, policy.canonical); }},
    {"cookies", [](const KeyReading& in, Policy& policy) { return read_word(in, kCookies, policy.cookies); }},
});

Status read_key(const KeyReading& in, Policy& policy, Policy& bundle) {
  std::string known;
  for (const Key& each : kKeys) {
    if (each.name == in.key) return each.read(in, each.name == "profile" ? bundle : policy);
    known += (known.empty() ? "" : ", ") + std::string(each.name);
  }
  return in.refuse("is not known: it is one of " + known);
}

template <class T>
void fill(std::optional<T>& to, const std::optional<T>& from) {
  if (!to) to = from;
}

Result<Policy> read_object(std::string_view text, std::string& problem, bool kept) {
  Policy policy;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    problem = "a policy is a JSON object, as in {\"host\":\"preserve\"}";
    return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a policy");
  }
  Policy bundle;
  for (const auto& [key, value] : object.items()) {
    if (const Status read = read_key({key, value, problem, kept}, policy, bundle); !read)
      return tl::unexpected(read.error());
  }
  policy.fill_from(bundle);
  policy.set_text(text);
  return policy;
}

// The text is of whoever has a project's token: where a reader takes a value for what it is not, that is a refusal.
template <class Read>
auto without_throwing(std::string& problem, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const json::exception&) {
    problem = "a policy has a value of a kind that its key does not take";
    return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a policy");
  }
}

Result<Policy> read_policy(std::string_view text, std::string& problem, bool kept) {
  if (text == "{}") return Policy();  // by far the most rows
  return without_throwing(problem, [&] { return read_object(text, problem, kept); });
}

}  // namespace

void Policy::fill_from(const Policy& bundle) {
  fill(host, bundle.host);
  fill(origin, bundle.origin);
  fill(origin_protocol, bundle.origin_protocol);
  fill(root_path_field, bundle.root_path_field);
}

Status KeyReading::refuse(std::string_view sentence) const {
  problem = "policy key \"" + std::string(key) + "\" " + std::string(sentence);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a policy");
}

Status KeyReading::refuse_word(std::string_view word, std::string_view known) const {
  return refuse("cannot be \"" + std::string(word) + "\": it is one of " + std::string(known));
}

const std::string* KeyReading::word(Status& status) const {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr) status = refuse("is a string");
  return text;
}

Status read_words(const KeyReading& in, std::vector<std::string>& out) {
  if (!in.value.is_array()) return in.refuse("is a list of strings");
  for (const json& each : in.value) {
    if (!each.is_string()) return in.refuse("is a list of strings");
    out.push_back(each.get<std::string>());
  }
  return {};
}

Result<Policy> parse_policy(std::string_view text, std::string& problem) {
  return read_policy(text, problem, /*kept=*/false);
}

Result<AuthRule> parse_auth(std::string_view text, std::string& problem) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  // A word stands for itself. What was to be JSON is not repeated: it may hold a password.
  const bool is_word = text.find_first_of("{[\"") == std::string_view::npos;
  if (value.is_discarded() && !is_word) {
    problem = "it is neither a word nor JSON";
    return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a policy");
  }
  if (value.is_discarded()) value = std::string(text);
  AuthRule rule;
  const Status read = without_throwing(problem, [&] { return read_auth({"auth", value, problem}, rule); });
  if (!read) return tl::unexpected(read.error());
  return rule;
}

void Policy::set_text(std::string_view json) {
  text = json;
  print = std::hash<std::string_view>{}(text);
}

std::shared_ptr<const Policy> load_policy(std::string_view text) {
  if (text == "{}") return nullptr;
  std::string problem;
  Result<Policy> policy = read_policy(text, problem, /*kept=*/true);
  if (!policy) return nullptr;
  return std::make_shared<const Policy>(std::move(*policy));
}

}  // namespace ingress::broker
