// What one loop has counted of its exchanges. Plain numbers of that loop's own: who wants those of all loops gets a
// copy of each and adds them up. Labels are few and fixed, so that the size of it all is, too. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "broker/observe/exchange_record.h"

namespace ingress::broker {

// Times of one kind, by size. Counts are not cumulative.
class Histogram {
 public:
  static constexpr std::array<Micros, 18> kBounds = {
      Micros(100),      Micros(250),      Micros(500),      Micros(1'000),      Micros(2'500),      Micros(5'000),
      Micros(10'000),   Micros(25'000),   Micros(50'000),   Micros(100'000),    Micros(250'000),    Micros(500'000),
      Micros(1000'000), Micros(2500'000), Micros(5000'000), Micros(10'000'000), Micros(30'000'000), Micros(60'000'000)};

  void add(Micros time);
  void add(const Histogram& other);

  // Of those up to kBounds[i]; the last one of those above all bounds.
  const std::array<uint64_t, kBounds.size() + 1>& counts() const { return counts_; }
  Micros sum() const { return sum_; }

 private:
  std::array<uint64_t, kBounds.size() + 1> counts_{};
  Micros sum_{0};
};

// The status of an answer, as far as it is a label.
enum class StatusClass : uint8_t { kNone, k1xx, k2xx, k3xx, k4xx, k5xx };  // kNone: no answer
inline constexpr size_t kStatusClasses = 6;
StatusClass class_of(int status);
std::string_view name_of(StatusClass status_class);

// Public codes: the ones before the internal ones.
inline constexpr size_t kErrorCodes = static_cast<size_t>(ErrorCode::kClosed);

struct RouteCounts {
  std::array<uint64_t, kStatusClasses> requests{};
  std::array<uint64_t, kErrorCodes> errors{};
  Histogram total;
  // What each hop took by itself.
  Histogram policy;  // routing and policy
  Histogram tunnel;  // until the stream was opened
  Histogram origin;  // from then to the answer's head
};

struct TrafficCounts {
  std::array<RouteCounts, kRouteClasses> by_route;
  Histogram first_byte;   // from a request's head to its answer's, whatever led it
  uint64_t bytes_in = 0;  // of bodies, as they flow
  uint64_t bytes_out = 0;

  void add(const ExchangeRecord& record);
  void add(const TrafficCounts& other);
};

}  // namespace ingress::broker
