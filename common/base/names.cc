#include "common/base/names.h"

#include <algorithm>
#include <array>

#include "common/base/hex.h"
#include "common/base/in_quotes.h"

namespace ingress {
namespace {

// What the names end in by which a machine knows itself; the others are of /etc/hosts.
constexpr std::array<std::string_view, 4> kLoopbackTops = {"localhost", "localdomain", "localdomain4", "localdomain6"};

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

bool label_form(std::string_view label) {
  constexpr size_t kLongestLabel = 63;
  const auto good = [](char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || is_hyphen(c, true); };
  return !label.empty() && label.size() <= kLongestLabel && std::all_of(label.begin(), label.end(), good);
}

std::string_view last_label_of(std::string_view host) { return host.substr(host.rfind('.') + 1); }

std::string id_problem(std::string_view what, std::string_view text, bool underscore) {
  const std::string quoted = in_quotes(text);
  if (reserved_word(text)) return quoted + " is reserved and cannot be a " + std::string(what);
  if (id_form(text, underscore)) return "";
  return quoted + " cannot be a " + std::string(what) + ": it is 1 to 56 bytes of " +
         (underscore ? "[a-z0-9_-]" : "[a-z0-9-]") +
         ", not digits alone, without \"--\" or \"__\", and begins and ends with a letter or digit";
}

}  // namespace

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

bool reserved_word(std::string_view word) {
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

bool slug_form(std::string_view text) { return id_form(text, false); }
bool machine_id_form(std::string_view text) { return id_form(text, true); }

bool host_form(std::string_view text) {
  constexpr size_t kLongestHost = 253;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() > kLongestHost) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!label_form(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool address_form(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string_view last = last_label_of(host);
  if (all_digits(last)) return true;
  if (!last.starts_with("0x") && !last.starts_with("0X")) return false;
  return std::all_of(last.begin() + 2, last.end(), [](char c) { return hex_digit(c) < 16; });
}

bool loopback_form(std::string_view host) {
  return std::find(kLoopbackTops.begin(), kLoopbackTops.end(), last_label_of(host)) != kLoopbackTops.end();
}

std::string slug_problem(std::string_view what, std::string_view text) { return id_problem(what, text, false); }
std::string machine_id_problem(std::string_view text) { return id_problem("machine id", text, true); }

}  // namespace ingress
