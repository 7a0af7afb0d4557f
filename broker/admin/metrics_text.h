// Prometheus' text format, version 0.0.4. Families in the order in which they are said, each with its samples behind
// it. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "broker/observe/traffic_counts.h"

namespace ingress::broker::admin {

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // What follows belongs to it. `name` ends with its unit, and with _total where it is a counter.
  void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
  void histogram(std::string_view name, std::string_view help) { family(name, "histogram", help); }

  void sample(Labels labels, uint64_t value);
  void sample(Labels labels, double value);
  // Of a histogram, in seconds.
  void sample(Labels labels, const Histogram& histogram);
  // A family that is one sample.
  void one_counter(std::string_view name, std::string_view help, uint64_t value);
  void one_gauge(std::string_view name, std::string_view help, uint64_t value);

  std::string take() && { return std::move(out_); }

 private:
  void family(std::string_view name, std::string_view type, std::string_view help);
  void series(std::string_view suffix, Labels labels, std::string_view bound = {});

  std::string out_;
  std::string name_;
};

}  // namespace ingress::broker::admin
