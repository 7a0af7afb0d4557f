#include "common/cli/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include "common/base/lower_case.h"

namespace ingress::cli {
namespace {

struct Unit {
  std::string_view name;
  long long milliseconds;
};
constexpr std::array<Unit, 5> kUnits = {{{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};

tl::unexpected<std::string> refuse(std::string_view text, std::string_view expected) {
  return tl::unexpected<std::string>("'" + std::string(text) + "' is not " + std::string(expected));
}

// The leading digits of `text`, which is advanced past them; false where there are none or too many.
bool take_number(std::string_view& text, uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  constexpr std::string_view kExpected = "a duration such as 500ms, 10s, 5m, 12h or 7d";
  std::string_view rest = text;
  uint64_t number = 0;
  if (!take_number(rest, number)) return refuse(text, kExpected);
  if (rest.empty() && number == 0) return Duration{0};
  for (const Unit& unit : kUnits) {
    if (rest != unit.name) continue;
    constexpr uint64_t kLongest = 1000ULL * 86400000;  // sums of times and durations stay far from overflow
    if (number > kLongest / static_cast<uint64_t>(unit.milliseconds)) return refuse(text, "a duration of up to 1000d");
    return Duration{static_cast<long long>(number) * unit.milliseconds};
  }
  return refuse(text, kExpected);
}

std::string duration_text(Duration duration) {
  const long long count = duration.count();
  if (count == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (count % unit.milliseconds == 0) return std::to_string(count / unit.milliseconds) + std::string(unit.name);
  }
  return std::to_string(count) + "ms";
}

Parsed<uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kExpected = "a size in bytes such as 4096, 64k, 16m or 2g";
  std::string_view number_end = text;
  uint64_t number = 0;
  if (!take_number(number_end, number)) return refuse(text, kExpected);
  const std::string unit = lower_case(number_end);
  if (unit.empty() || unit == "b") return number;
  const size_t exponent = std::string_view("kmgt").find(unit[0]);
  const std::string_view after = std::string_view(unit).substr(1);
  if (exponent == std::string_view::npos || (!after.empty() && after != "b" && after != "ib")) {
    return refuse(text, kExpected);
  }
  const size_t shift = 10 * (exponent + 1);
  if (number > std::numeric_limits<uint64_t>::max() >> shift) return refuse(text, "a size that fits into 64 bits");
  return number << shift;
}

Parsed<long long> parse_integer(std::string_view text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return refuse(text, "a whole number");
  return value;
}

Parsed<bool> parse_bool(std::string_view text) {
  const std::string word = lower_case(text);
  for (const std::string_view good : {"true", "yes", "on", "1"}) {
    if (word == good) return true;
  }
  for (const std::string_view bad : {"false", "no", "off", "0"}) {
    if (word == bad) return false;
  }
  return refuse(text, "true or false");
}

size_t typo_distance(std::string_view text, std::string_view candidate) {
  constexpr size_t kShortestPrefix = 3;
  if (text.size() >= kShortestPrefix && candidate.substr(0, text.size()) == text) return 0;
  std::vector<size_t> row(candidate.size() + 1);
  for (size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= text.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= candidate.size(); ++j) {
      const size_t replaced = diagonal + (text[i - 1] == candidate[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back() <= std::max<size_t>(1, candidate.size() / 3) ? row.back() : kNotNear;
}

}  // namespace ingress::cli
