#include "broker/admin/metrics_text.h"

#include <array>
#include <charconv>

namespace ingress::broker::admin {
namespace {

// The shortest decimal fraction that reads back as the same number.
std::string number_text(double value) {
  std::array<char, 400> digits{};
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed).ptr;
  return std::string(digits.data(), static_cast<size_t>(end - digits.data()));
}

std::string seconds_text(Micros micros) { return number_text(static_cast<double>(micros.count()) / 1e6); }

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (quotes && c == '"')) {
      out += {'\\', c};
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  out_.append("# HELP ").append(name).append(" ").append(escaped(help, false)).append("\n");
  out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::series(std::string_view suffix, Labels labels, std::string_view bound) {
  out_.append(name_).append(suffix);
  char before = '{';
  const auto add = [this, &before](std::string_view name, std::string_view value) {
    out_ += before;
    out_.append(name).append("=\"").append(escaped(value, true)).append("\"");
    before = ',';
  };
  for (const auto& [name, value] : labels) add(name, value);
  if (!bound.empty()) add("le", bound);
  out_.append(before == ',' ? "} " : " ");
}

void MetricsText::sample(Labels labels, uint64_t value) {
  series("", labels);
  out_.append(std::to_string(value)).append("\n");
}

void MetricsText::sample(Labels labels, double value) {
  series("", labels);
  out_.append(number_text(value)).append("\n");
}

void MetricsText::sample(Labels labels, const Histogram& histogram) {
  uint64_t count = 0;
  for (size_t i = 0; i < histogram.counts().size(); ++i) {
    count += histogram.counts()[i];
    const bool bounded = i < Histogram::kBounds.size();
    series("_bucket", labels, bounded ? seconds_text(Histogram::kBounds[i]) : "+Inf");
    out_.append(std::to_string(count)).append("\n");
  }
  series("_sum", labels);
  out_.append(seconds_text(histogram.sum())).append("\n");
  series("_count", labels);
  out_.append(std::to_string(count)).append("\n");
}

void MetricsText::one_counter(std::string_view name, std::string_view help, uint64_t value) {
  counter(name, help);
  sample({}, value);
}

void MetricsText::one_gauge(std::string_view name, std::string_view help, uint64_t value) {
  gauge(name, help);
  sample({}, value);
}

}  // namespace ingress::broker::admin
