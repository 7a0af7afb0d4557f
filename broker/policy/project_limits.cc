#include "broker/policy/project_limits.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/cli/values.h"

namespace ingress::broker {
namespace {

struct LimitKey {
  std::string_view name;
  int64_t ProjectLimits::*value;
  bool is_size;
};

constexpr auto kLimitKeys = std::to_array<LimitKey>({{"machines", &ProjectLimits::machines, false},
                                                     {"routes", &ProjectLimits::routes, false},
                                                     {"streams", &ProjectLimits::streams, false},
                                                     {"bytes_per_second", &ProjectLimits::bytes_per_second, true}});

tl::unexpected<Error> refuse(std::string& problem, std::string sentence) {
  problem = std::move(sentence);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a project's limits");
}

const LimitKey* find_key(std::string_view name) {
  for (const LimitKey& key : kLimitKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::optional<int64_t> number_of(const LimitKey& key, const nlohmann::json& value) {
  constexpr uint64_t kMost = 1'000'000'000;
  constexpr uint64_t kMostBytes = uint64_t{1} << 50;
  const uint64_t most = key.is_size ? kMostBytes : kMost;
  if (value.is_number_unsigned() && value.get<uint64_t>() <= most) return value.get<int64_t>();
  if (!key.is_size || !value.is_string()) return std::nullopt;
  const cli::Parsed<uint64_t> size = cli::parse_size(value.get_ref<const std::string&>());
  return size && *size <= most ? std::optional(static_cast<int64_t>(*size)) : std::nullopt;
}

}  // namespace

Result<ProjectLimits> parse_limits(std::string_view text, std::string& problem) {
  ProjectLimits limits;
  if (text == "{}") return limits;  // nearly always
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return refuse(problem, "limits are a JSON object");
  for (const auto& [name, value] : json.items()) {
    const LimitKey* const key = find_key(name);
    if (key == nullptr) {
      return refuse(problem,
                    "limits have no \"" + name + "\": they are machines, routes, streams and bytes_per_second");
    }
    const std::optional<int64_t> number = number_of(*key, value);
    if (!number) {
      return refuse(problem, "limits: \"" + name + "\" is " +
                                 (key->is_size ? "a number of bytes, or a size such as \"10m\""
                                               : "a number from 0 to 1000000000"));
    }
    limits.*key->value = *number;
  }
  return limits;
}

std::shared_ptr<const RateRule> quota_of(std::string_view text) {
  if (text == "{}") return nullptr;
  std::string problem;
  const Result<ProjectLimits> limits = parse_limits(text, problem);
  if (!limits || (limits->streams < 0 && limits->bytes_per_second < 0)) return nullptr;
  RateRule rule;
  rule.per_client = false;
  rule.streams = limits->streams < 0 ? 0 : static_cast<int>(limits->streams);
  rule.closed = limits->streams == 0 || limits->bytes_per_second == 0;
  rule.bytes_per_second = limits->bytes_per_second < 0 ? 0 : static_cast<uint64_t>(limits->bytes_per_second);
  return std::make_shared<const RateRule>(rule);
}

}  // namespace ingress::broker
