#include "ctl/rates.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "ctl/table.h"

namespace ingress::ctl {
namespace {

double number_of(const Json& item, const char* member) {
  const auto found = item.find(member);
  return found != item.end() && found->is_number() ? found->get<double>() : 0;
}

std::vector<double> numbers_of(const Json& item, const char* member) {
  std::vector<double> numbers;
  const auto found = item.find(member);
  if (found == item.end() || !found->is_array()) return numbers;
  for (const Json& each : *found) numbers.push_back(each.is_number() ? each.get<double>() : 0);
  return numbers;
}

double increase(double before, double after) { return after >= before ? after - before : after; }

// As Prometheus' histogram_quantile: linear within a bucket; above all bounds, the last one.
Json quantile(double part, const std::vector<double>& counts, const std::vector<double>& bounds) {
  double all = 0;
  for (const double count : counts) all += count;
  if (all <= 0 || bounds.empty()) return nullptr;
  double below = 0;
  for (size_t i = 0; i < counts.size() && i < bounds.size(); ++i) {
    if (below + counts[i] >= part * all && counts[i] > 0) {
      const double least = i == 0 ? 0 : bounds[i - 1];
      return least + (bounds[i] - least) * (part * all - below) / counts[i];
    }
    below += counts[i];
  }
  return bounds.back();
}

double rounded(double value) { return std::round(value * 1000) / 1000; }

Json rate_of(const Json& before, const Json& after, double seconds, const std::vector<double>& bounds) {
  const auto per_second = [&](const char* member) {
    return rounded(increase(number_of(before, member), number_of(after, member)) / seconds);
  };
  std::vector<double> counts = numbers_of(after, "firstByteCounts");
  const std::vector<double> earlier = numbers_of(before, "firstByteCounts");
  for (size_t i = 0; i < counts.size() && i < earlier.size(); ++i) counts[i] = increase(earlier[i], counts[i]);
  const auto quantile_ms = [&](double part) {
    const Json found = quantile(part, counts, bounds);
    return found.is_null() ? found : Json(rounded(found.get<double>()));
  };
  return {{"machine", cell_of(after, "machine")},
          {"requestsPerSecond", per_second("requests")},
          {"errorsPerSecond", per_second("errors")},
          {"bytesInPerSecond", per_second("bytesIn")},
          {"bytesOutPerSecond", per_second("bytesOut")},
          {"open", static_cast<long long>(number_of(after, "open"))},
          {"p50Ms", quantile_ms(0.5)},
          {"p99Ms", quantile_ms(0.99)}};
}

bool busier(const Json& a, const Json& b) {
  for (const char* member : {"requestsPerSecond", "bytesOutPerSecond", "bytesInPerSecond", "open"}) {
    const double left = number_of(a, member);
    const double right = number_of(b, member);
    if (left != right) return left > right;
  }
  return a["machine"].get_ref<const std::string&>() < b["machine"].get_ref<const std::string&>();
}

}  // namespace

void read_measure(const Json& page, Counted& counted) {
  counted.at_ms = number_of(page, "at");
  counted.bounds_ms = numbers_of(page, "firstByteBoundsMs");
}

Json rates(const Counted& before, const Counted& after) {
  const double seconds = std::max((after.at_ms - before.at_ms) / 1000, 0.001);
  std::map<std::string, const Json*> earlier;
  for (const Json& item : before.items) earlier[cell_of(item, "machine")] = &item;
  const Json none = Json::object();
  std::vector<Json> rows;
  for (const Json& item : after.items) {
    const auto found = earlier.find(cell_of(item, "machine"));
    rows.push_back(rate_of(found == earlier.end() ? none : *found->second, item, seconds, after.bounds_ms));
  }
  std::sort(rows.begin(), rows.end(), busier);
  return rows;
}

std::string short_number(double value) {
  constexpr const char* kLetters[] = {"", "k", "M", "G", "T", "P"};
  size_t letter = 0;
  while (value >= 999.5 && letter + 1 < std::size(kLetters)) {
    value /= 1000;
    ++letter;
  }
  char text[32];
  const bool whole = value >= 99.95 || value == std::floor(value);
  std::snprintf(text, sizeof text, whole ? "%.0f%s" : "%.1f%s", value, kLetters[letter]);
  return text;
}

}  // namespace ingress::ctl
