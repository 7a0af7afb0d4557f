#include "broker/store/record_rules.h"

#include <algorithm>
#include <string_view>

#include "broker/model/ids.h"
#include "broker/policy/policy.h"
#include "broker/routing/pattern.h"
#include "broker/store/record_json.h"

namespace ingress::broker {
namespace {

constexpr size_t kMaxTextBytes = 256;
constexpr size_t kMaxPatterns = 1000;  // of one route

Status refuse(std::string& problem, std::string sentence) {
  problem = std::move(sentence);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "checking a record");
}

Status check_metadata(const std::string& metadata, std::string& problem) {
  if (is_json_object(metadata)) return {};
  return refuse(problem, "metadata is a JSON object of up to 64 KiB");
}

Status check_policy(const std::string& policy, std::string& problem) {
  const Result<Policy> parsed = parse_policy(policy, problem);
  return parsed ? Status() : tl::unexpected(parsed.error());
}

Status check_text(std::string_view what, const std::string& text, std::string& problem) {
  if (text.size() <= kMaxTextBytes) return {};
  return refuse(problem, std::string(what) + " has over 256 bytes");
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Status check_target(const RoutePattern& pattern, std::string& problem) {
  const RouteTarget& target = pattern.target;
  if (target.machine.empty() == target.project.empty()) {
    return refuse(problem, "pattern \"" + pattern.pattern + "\" leads to a machine or to a project, one of them");
  }
  if (!target.service.empty() && target.project.empty()) {
    return refuse(problem, "pattern \"" + pattern.pattern + "\" names a service, which only a project has");
  }
  if (!target.service.empty() && target.port != 0) {
    return refuse(problem, "pattern \"" + pattern.pattern + "\" names a service or a port, not both");
  }
  return target.port == 0 ? Status() : check_port(target.port, "port", problem);
}

Status check_pattern(RoutePattern& pattern, std::string& problem) {
  std::string normalised;
  if (Status good = normalise_pattern(pattern.pattern, normalised, problem); !good) return good;
  pattern.pattern = std::move(normalised);
  if (Status good = check_target(pattern, problem); !good) return good;
  return check_policy(pattern.policy, problem);
}

}  // namespace

Status check_record(const Machine& machine, std::string& problem) {
  if (Status good = check_machine_id(machine.id, problem); !good) return good;
  if (Status good = check_port(machine.default_port, "default port", problem); !good) return good;
  return check_metadata(machine.metadata, problem);
}

Status check_record(const Token& token, std::string& problem) {
  if (Status good = check_record_id(token.id, problem); !good) return good;
  if (!is_sha256(token.sha256)) return refuse(problem, "a token's hash is 64 hexadecimal digits in lower case");
  return check_text("a token's label", token.label, problem);
}

Status check_record(const Project& project, std::string& problem) {
  if (Status good = check_slug(project.slug, problem); !good) return good;
  if (Status good = check_port(project.default_port, "default port", problem); !good) return good;
  if (Status good = check_policy(project.policy, problem); !good) return good;
  return check_metadata(project.metadata, problem);
}

Status check_record(const Service& service, std::string& problem) {
  if (Status good = check_service_name(service.name, problem); !good) return good;
  if (Status good = check_port(service.port, "port", problem); !good) return good;
  return check_policy(service.policy, problem);
}

Status check_record(Route& route, std::string& problem) {
  if (Status good = check_record_id(route.id, problem); !good) return good;
  if (Status good = check_text("externalId", route.external_id, problem); !good) return good;
  if (Status good = check_metadata(route.metadata, problem); !good) return good;
  if (route.patterns.empty()) return refuse(problem, "a route has one pattern at least");
  if (route.patterns.size() > kMaxPatterns) return refuse(problem, "a route has 1000 patterns at most");
  std::vector<std::string_view> seen;
  for (RoutePattern& pattern : route.patterns) {
    if (Status good = check_pattern(pattern, problem); !good) return good;
    seen.push_back(pattern.pattern);
  }
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice == seen.end()) return {};
  return refuse(problem, "pattern \"" + std::string(*twice) + "\" stands in the route twice");
}

Status check_record(Domain& domain, std::string& problem) {
  std::string normalised;
  if (Status good = normalise_domain(domain.name, normalised, problem); !good) return good;
  domain.name = std::move(normalised);
  return {};
}

}  // namespace ingress::broker
