#include "broker/admin/query.h"

#include <algorithm>
#include <charconv>

#include "common/base/hex.h"

namespace ingress::broker::admin {
namespace {

constexpr unsigned kNoDigit = 16;

std::optional<std::string> decode(std::string_view text, bool form) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && form) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const unsigned high = i + 2 < text.size() ? hex_digit(text[i + 1]) : kNoDigit;
      const unsigned low = i + 2 < text.size() ? hex_digit(text[i + 2]) : kNoDigit;
      if (high >= kNoDigit || low >= kNoDigit) return std::nullopt;
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return out;
}

// The part up to `separator`, which is taken off the front of `rest` with it.
std::string_view take_until(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

bool parse_query(std::string_view rest, Target& target) {
  while (!rest.empty()) {
    std::string_view value = take_until(rest, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    const auto decoded_name = decode(name, true);
    const auto decoded_value = decode(value, true);
    if (!decoded_name || !decoded_value) return false;
    target.query[*decoded_name] = *decoded_value;
  }
  return true;
}

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    text.remove_prefix(std::min(text.find_first_of("/?"), text.size()));
    break;
  }
  if (!text.starts_with('/')) return std::nullopt;
  const size_t mark = std::min(text.find('?'), text.size());
  Target target;
  target.path = text.substr(0, mark);
  std::string_view rest = std::string_view(target.path).substr(1);
  while (!rest.empty()) {
    const auto segment = decode(take_until(rest, '/'), false);
    if (!segment) return std::nullopt;
    target.segments.push_back(*segment);
  }
  if (mark < text.size() && !parse_query(text.substr(mark + 1), target)) return std::nullopt;
  return target;
}

std::string QueryReader::text(std::string_view name) {
  known_.push_back(name);
  const auto found = target_.query.find(name);
  return found == target_.query.end() ? std::string() : found->second;
}

int64_t QueryReader::integer(std::string_view name, int64_t fallback, int64_t least, int64_t most) {
  known_.push_back(name);
  const auto found = target_.query.find(name);
  if (found == target_.query.end()) return fallback;
  const std::string& value = found->second;
  int64_t number = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
  if (parsed.ec == std::errc{} && parsed.ptr == value.data() + value.size() && number >= least && number <= most) {
    return number;
  }
  if (problem_.empty()) {
    problem_ = "query value \"" + std::string(name) + "\" is not a whole number from " + std::to_string(least) +
               " to " + std::to_string(most);
  }
  return fallback;
}

std::optional<Answer> QueryReader::finish() {
  for (const auto& [name, value] : target_.query) {
    if (!problem_.empty()) break;
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      problem_ = "query value \"" + name + "\" is not known here";
    }
  }
  if (problem_.empty()) return std::nullopt;
  return problem(400, "invalid_argument", problem_);
}

}  // namespace ingress::broker::admin
