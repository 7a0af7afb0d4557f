// Ranges of ports, as --allow-port and --deny-port name them.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace ingress::agent {

struct PortRange {
  int first = 0;
  int last = 0;  // included

  bool contains(int port) const { return port >= first && port <= last; }
};

// Decimal, 1–65535, without sign or leading zero; kInvalidPort (side kClient) for anything else.
Result<int> parse_port(std::string_view text);

// "3000", "3000-3999", "3000, 4000-4100"; kInvalidArgument for anything else.
Result<std::vector<PortRange>> parse_port_ranges(std::string_view text);

bool any_contains(const std::vector<PortRange>& ranges, int port);

}  // namespace ingress::agent
