#include "broker/store/record_rules.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "broker/model/ids.h"
#include "broker/model/role.h"
#include "broker/model/sha256_text.h"
#include "broker/model/target_template.h"
#include "broker/policy/policy.h"
#include "broker/policy/project_limits.h"
#include "broker/routing/pattern.h"
#include "broker/routing/request_path.h"
#include "broker/store/record_json.h"

namespace ingress::broker {
namespace {

constexpr int64_t kMaxCharacters = 256;  // of a text for people
constexpr size_t kMaxPatterns = 1000;    // of one route
constexpr size_t kMaxPathBytes = 1024;

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

// As JSON Schema counts a length: code points, of whose bytes the first alone is no continuation.
int64_t characters_of(std::string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; });
}

Status check_text(std::string_view what, const std::string& text, std::string& problem) {
  if (characters_of(text) <= kMaxCharacters) return {};
  return refuse(problem, std::string(what) + " has over 256 characters");
}

// Every {name} of the text is one of the pattern's captures.
bool captured(std::string_view text, const std::vector<std::string>& captures) {
  bool known = true;
  const bool good = each_capture(text, [&captures, &known](std::string_view name) {
    known = known && std::find(captures.begin(), captures.end(), name) != captures.end();
  });
  return good && known;
}

Status check_target(const Route& route, const RoutePattern& pattern, const std::vector<std::string>& captures,
                    std::string& problem) {
  const RouteTarget& target = pattern.target;
  const std::string name = "pattern \"" + pattern.shown() + "\" ";
  if (target.machine.empty() == target.project.empty()) {
    return refuse(problem, name + "leads to a machine or to a project, one of them");
  }
  if (!target.service.empty() && target.project.empty() && route.owner.empty()) {
    return refuse(problem, name + "names a service, which only a project has: the target's, or the route's owner");
  }
  if (!target.service.empty() && target.port != 0) {
    return refuse(problem, name + "names a service or a port, not both");
  }
  for (const std::string* text : {&target.machine, &target.project, &target.service}) {
    if (!captured(*text, captures)) {
      return refuse(problem, name + "leads to \"" + *text + "\", which has a {name} that it does not capture");
    }
  }
  if (has_capture(target.project) && !route.owner.empty()) {
    return refuse(problem, name + "leads to projects by name, which only a route of the operator may");
  }
  return target.port == 0 ? Status() : check_port(target.port, "port", problem);
}

// `captures`: of the pattern.
Status normalise_pattern(RoutePattern& pattern, std::vector<std::string>& captures, std::string& problem) {
  Pattern read;
  if (Status good = read_pattern(pattern.shown(), read, problem); !good) return good;
  pattern.pattern = std::move(read.shape);
  pattern.text = std::move(read.text);
  captures = std::move(read.captures);
  return {};
}

Status check_pattern(const Route& route, RoutePattern& pattern, std::string& problem) {
  std::vector<std::string> captures;
  if (Status good = normalise_pattern(pattern, captures, problem); !good) return good;
  if (Status good = check_target(route, pattern, captures, problem); !good) return good;
  return check_policy(pattern.policy, problem);
}

Status check_owner(const std::string& owner, std::string& problem) {
  return owner.empty() ? Status() : check_slug(owner, problem);
}

Status check_expiry(int64_t expires_at, std::string& problem) {
  return expires_at >= 0 ? Status() : refuse(problem, "a time to live ends in the future");
}

}  // namespace

Status check_record(const Machine& machine, std::string& problem) {
  if (Status good = check_machine_id(machine.id, problem); !good) return good;
  if (Status good = check_port(machine.default_port, "default port", problem); !good) return good;
  if (Status good = check_owner(machine.owner, problem); !good) return good;
  if (Status good = check_policy(machine.policy, problem); !good) return good;
  if (Status good = check_expiry(machine.expires_at, problem); !good) return good;
  return check_metadata(machine.metadata, problem);
}

Status check_record(const Token& token, std::string& problem) {
  if (Status good = check_record_id(token.id, problem); !good) return good;
  if (!is_sha256_text(token.sha256)) return refuse(problem, "a token's hash is 64 hexadecimal digits in lower case");
  return check_text("a token's label", token.label, problem);
}

Status check_record(const Project& project, std::string& problem) {
  if (Status good = check_slug(project.slug, problem); !good) return good;
  if (Status good = check_port(project.default_port, "default port", problem); !good) return good;
  if (Status good = check_policy(project.policy, problem); !good) return good;
  if (const auto limits = parse_limits(project.limits, problem); !limits) return tl::unexpected(limits.error());
  return check_metadata(project.metadata, problem);
}

Status check_record(const Service& service, std::string& problem) {
  if (Status good = check_service_name(service.name, problem); !good) return good;
  if (Status good = check_port(service.port, "port", problem); !good) return good;
  return check_policy(service.policy, problem);
}

Status normalise_patterns(Route& route, std::string& problem) {
  std::vector<std::string> captures;
  for (RoutePattern& pattern : route.patterns) {
    if (Status good = normalise_pattern(pattern, captures, problem); !good) return good;
  }
  return {};
}

Status check_record(Route& route, std::string& problem) {
  if (Status good = check_record_id(route.id, problem); !good) return good;
  if (route.id == "import" || route.id == "export")
    return refuse(problem, "\"" + route.id + "\" is no id: the API has that path");
  if (Status good = check_text("externalId", route.external_id, problem); !good) return good;
  if (Status good = check_metadata(route.metadata, problem); !good) return good;
  if (Status good = check_owner(route.owner, problem); !good) return good;
  if (Status good = check_expiry(route.expires_at, problem); !good) return good;
  if (route.patterns.empty()) return refuse(problem, "a route has one pattern at least");
  if (route.patterns.size() > kMaxPatterns) return refuse(problem, "a route has 1000 patterns at most");
  std::vector<std::string_view> seen;
  for (RoutePattern& pattern : route.patterns) {
    if (Status good = check_pattern(route, pattern, problem); !good) return good;
    seen.push_back(pattern.pattern);
  }
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice == seen.end()) return {};
  return refuse(problem, "pattern \"" + std::string(*twice) + "\" stands in the route twice");
}

Status check_record(const Share& share, std::string& problem) {
  if (Status good = check_record_id(share.id, problem); !good) return good;
  if (!is_sha256_text(share.sha256)) return refuse(problem, "a share's hash is 64 hexadecimal digits in lower case");
  if (Status good = check_port(share.port, "port", problem); !good) return good;
  if (share.path.empty() || share.path.front() != '/') return refuse(problem, "a share's path begins with /");
  RequestPath path;
  path.set(share.path);
  if (path.ambiguous() || share.path.size() > kMaxPathBytes ||
      share.path.find_first_of("?#\r\n ") != std::string::npos) {
    return refuse(problem, "a share's path has no dot segments, no query and no more than 1024 bytes");
  }
  if (Status good = check_expiry(share.expires_at, problem); !good) return good;
  return check_text("a share's label", share.label, problem);
}

Status check_record(const AccessToken& token, std::string& problem) {
  if (Status good = check_record_id(token.id, problem); !good) return good;
  if (!is_sha256_text(token.sha256)) return refuse(problem, "a token's hash is 64 hexadecimal digits in lower case");
  if (!parse_role(token.role)) {
    return refuse(problem, "role \"" + token.role +
                               "\" is none of read, write, project:SLUG, tcp:MACHINE:PORT and tcp:MACHINE:*");
  }
  if (Status good = check_expiry(token.expires_at, problem); !good) return good;
  return check_text("a token's label", token.label, problem);
}

Status check_record(const JoinToken& token, std::string& problem) {
  if (Status good = check_record_id(token.id, problem); !good) return good;
  if (!is_sha256_text(token.sha256)) return refuse(problem, "a token's hash is 64 hexadecimal digits in lower case");
  if (token.uses_left < -1) return refuse(problem, "a join token is for a number of uses from 1 up, or for any");
  if (Status good = check_expiry(token.expires_at, problem); !good) return good;
  return check_text("a token's label", token.label, problem);
}

Status check_record(Domain& domain, std::string& problem) {
  std::string normalised;
  if (Status good = normalise_domain(domain.name, normalised, problem); !good) return good;
  domain.name = std::move(normalised);
  return {};
}

}  // namespace ingress::broker
