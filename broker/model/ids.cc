#include "broker/model/ids.h"

#include <algorithm>
#include <array>

namespace ingress::broker {
namespace {

constexpr std::array<std::string_view, 6> kReserved = {"machines", "prj", "org", "broker", "admin", "www"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_hyphen(char c, bool underscore_too) { return c == '-' || (underscore_too && c == '_'); }

bool id_form(std::string_view text, bool underscore) {
  if (text.empty() || text.size() > kMaxIdBytes || all_digits(text)) return false;
  if (is_hyphen(text.front(), underscore) || is_hyphen(text.back(), underscore)) return false;
  bool after_hyphen = false;
  for (const char c : text) {
    const bool hyphen = is_hyphen(c, underscore);
    if (!hyphen && !is_digit(c) && !is_lower(c)) return false;
    if (hyphen && after_hyphen) return false;
    after_hyphen = hyphen;
  }
  return true;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

Status refuse(std::string& problem, std::string sentence) {
  problem = std::move(sentence);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "checking a name");
}

Status check_id(std::string_view what, std::string_view text, bool underscore, std::string& problem) {
  if (reserved_word(text)) return refuse(problem, quoted(text) + " is reserved and cannot be a " + std::string(what));
  if (id_form(text, underscore)) return {};
  return refuse(problem,
                quoted(text) + " cannot be a " + std::string(what) + ": it is 1 to 56 bytes of " +
                    (underscore ? "[a-z0-9_-]" : "[a-z0-9-]") +
                    ", not digits alone, without \"--\" or \"__\", and begins and ends with a letter or digit");
}

}  // namespace

std::optional<int> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0' || !all_digits(text)) return std::nullopt;
  int port = 0;
  for (const char c : text) port = port * 10 + (c - '0');
  if (!valid_port(port)) return std::nullopt;
  return port;
}

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

bool reserved_word(std::string_view word) {
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

bool slug_form(std::string_view text) { return id_form(text, false); }
bool machine_id_form(std::string_view text) { return id_form(text, true); }

std::string alias_of(std::string_view machine_id) {
  std::string alias(machine_id);
  std::replace(alias.begin(), alias.end(), '_', '-');
  return alias;
}

Status check_machine_id(std::string_view id, std::string& problem) { return check_id("machine id", id, true, problem); }
Status check_slug(std::string_view slug, std::string& problem) {
  return check_id("project slug", slug, false, problem);
}
Status check_service_name(std::string_view name, std::string& problem) {
  return check_id("service name", name, false, problem);
}

Status check_record_id(std::string_view id, std::string& problem) {
  const bool good = !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
  });
  if (good) return {};
  return refuse(problem, quoted(id) + " cannot be an id: it is 1 to 64 bytes of [A-Za-z0-9_.-]");
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
