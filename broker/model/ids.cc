#include "broker/model/ids.h"

#include <algorithm>
#include <utility>

#include "common/base/in_quotes.h"

namespace ingress::broker {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

Status refuse(std::string& problem, std::string sentence) {
  problem = std::move(sentence);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "checking a name");
}

Status check_form(std::string sentence, std::string& problem) {
  return sentence.empty() ? Status() : refuse(problem, std::move(sentence));
}

}  // namespace

std::optional<int> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0' || !all_digits(text)) return std::nullopt;
  int port = 0;
  for (const char c : text) port = port * 10 + (c - '0');
  if (!valid_port(port)) return std::nullopt;
  return port;
}

std::string alias_of(std::string_view machine_id) {
  std::string alias(machine_id);
  std::replace(alias.begin(), alias.end(), '_', '-');
  return alias;
}

Status check_machine_id(std::string_view id, std::string& problem) {
  return check_form(machine_id_problem(id), problem);
}
Status check_slug(std::string_view slug, std::string& problem) {
  return check_form(slug_problem("project slug", slug), problem);
}
Status check_service_name(std::string_view name, std::string& problem) {
  return check_form(slug_problem("service name", name), problem);
}

Status check_record_id(std::string_view id, std::string& problem) {
  // "." and ".." are steps of a path, which clients resolve.
  const bool good =
      !id.empty() && id != "." && id != ".." && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
      });
  if (good) return {};
  return refuse(
      problem, in_quotes(id) + " cannot be an id: it is 1 to 64 bytes of [A-Za-z0-9_.-], and neither \".\" nor \"..\"");
}

Status check_port(int port, std::string_view what, std::string& problem) {
  if (valid_port(port)) return {};
  return refuse(problem, std::string(what) + " " + std::to_string(port) + " is not a port: 1 to 65535");
}

std::string_view join_token_id(std::string_view secret) {
  constexpr std::string_view kPrefix = "jt_";
  if (!secret.starts_with(kPrefix)) return {};
  const size_t end = secret.find('_', kPrefix.size());
  return end == std::string_view::npos ? std::string_view() : secret.substr(0, end);
}

}  // namespace ingress::broker
