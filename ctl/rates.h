// Rates of machines, from what was counted at two moments (`GET /v1/traffic`). Pure.
#pragma once

#include <string>
#include <vector>

#include "ctl/outcome.h"

namespace ingress::ctl {

// What was counted at a moment: the pages of one answer, put together.
struct Counted {
  double at_ms = 0;
  std::vector<double> bounds_ms;  // of the buckets of times to the first byte
  Json items = Json::array();
};

// The moment and the buckets' meaning, of an answer's first page.
void read_measure(const Json& page, Counted& counted);

// The busiest first: {"machine","requestsPerSecond","errorsPerSecond","bytesInPerSecond","bytesOutPerSecond","open",
// "p50Ms","p99Ms"}; the last two are null where no answer began in between. What has gone back to zero counts from
// there.
Json rates(const Counted& before, const Counted& after);

// "1.2k", "35M": three digits at most and a letter (powers of 1000).
std::string short_number(double value);

}  // namespace ingress::ctl
