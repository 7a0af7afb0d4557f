#include "agent/target/port_range.h"

#include <algorithm>
#include <charconv>

#include "common/base/trim.h"

namespace ingress::agent {
namespace {

constexpr int kHighestPort = 65535;
constexpr size_t kMostDigits = 5;

Result<PortRange> parse_range(std::string_view text) {
  const size_t dash = text.find('-');
  const Result<int> first = parse_port(text.substr(0, dash));
  const Result<int> last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *first > *last) {
    return fail(ErrorCode::kInvalidArgument, Side::kInternal, "not a port or a range of ports");
  }
  return PortRange{*first, *last};
}

}  // namespace

Result<int> parse_port(std::string_view text) {
  int port = 0;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool plain = !text.empty() && text.size() <= kMostDigits && std::all_of(text.begin(), text.end(), is_digit) &&
                     text.front() != '0';
  if (plain) std::from_chars(text.data(), text.data() + text.size(), port);
  if (port == 0 || port > kHighestPort) return fail(ErrorCode::kInvalidPort, Side::kClient, "not a port");
  return port;
}

Result<std::vector<PortRange>> parse_port_ranges(std::string_view text) {
  std::vector<PortRange> ranges;
  while (true) {
    const size_t comma = text.find(',');
    const Result<PortRange> range = parse_range(trim_blanks(text.substr(0, comma)));
    if (!range) return tl::unexpected(range.error());
    ranges.push_back(*range);
    if (comma == std::string_view::npos) return ranges;
    text.remove_prefix(comma + 1);
  }
}

bool any_contains(const std::vector<PortRange>& ranges, int port) {
  return std::any_of(ranges.begin(), ranges.end(), [port](const PortRange& range) { return range.contains(port); });
}

}  // namespace ingress::agent
