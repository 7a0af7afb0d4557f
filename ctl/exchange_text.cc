#include "ctl/exchange_text.h"

#include <cstdio>

#include "ctl/table.h"

namespace ingress::ctl {
namespace {

std::string milliseconds(const Json& exchange) {
  const auto found = exchange.find("ms");
  char text[32];
  std::snprintf(text, sizeof text, "%.1fms",
                found != exchange.end() && found->is_number() ? found->get<double>() : 0.0);
  return text;
}

std::string status(const Json& exchange, bool open) {
  const std::string code = cell_of(exchange, "status");
  const std::string shown = code == "0" ? "" : code;
  if (open) return shown.empty() ? "open" : "open:" + shown;
  return shown.empty() ? "left" : shown;
}

}  // namespace

std::string exchange_text(const Json& exchange, bool open) {
  const std::string machine = cell_of(exchange, "machine");
  std::string line = cell_of(exchange, "time") + " " + cell_of(exchange, "client") + " " + cell_of(exchange, "method") +
                     " " + cell_of(exchange, "host") + cell_of(exchange, "target") + " " + status(exchange, open) +
                     " " + cell_of(exchange, "bytes") + "B " + milliseconds(exchange) + " ";
  line += machine == "-" ? machine : machine + ":" + cell_of(exchange, "port");
  if (exchange.contains("error")) line += " " + cell_of(exchange, "error");
  return line;
}

}  // namespace ingress::ctl
