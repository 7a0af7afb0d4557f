#include "ctl/why_text.h"

#include "ctl/table.h"

namespace ingress::ctl {
namespace {

std::string_view mark_of(const Json& step) {
  const std::string state = cell_of(step, "state");
  if (state == "ok") return "ok  ";
  if (state == "failed") return "FAIL";
  if (state == "warning") return "warn";
  return "-   ";
}

// A sentence of several parts, a part a line.
std::string on_lines(std::string text, size_t indent) {
  for (size_t at = text.find("; "); at != std::string::npos; at = text.find("; ", at + indent)) {
    text.replace(at, 2, "\n" + std::string(indent, ' '));
  }
  return text;
}

}  // namespace

std::string why_text(const Json& report) {
  constexpr size_t kNameWidth = 13;
  std::string out;
  for (const Json& step : report["steps"]) {
    const std::string name = cell_of(step, "step");
    const std::string detail = cell_of(step, "detail");
    const std::string advice = cell_of(step, "advice");
    out.append(mark_of(step)).append("  ").append(name);
    out.append(name.size() < kNameWidth ? kNameWidth - name.size() : 1, ' ');
    out += (cell_of(step, "state") == "skipped" ? "not looked at" : on_lines(detail, 6 + kNameWidth)) + "\n";
    if (advice != "-") out += std::string(6 + kNameWidth, ' ') + "to do: " + advice + "\n";
  }
  const Json& problem = report["problem"];
  if (problem.is_object()) {
    out += "\n" + cell_of(report, "host") + ": " + cell_of(problem, "detail") +
           "\nto do: " + cell_of(problem, "advice") + "\n";
  } else {
    const std::string host = cell_of(report, "host");
    out += "\n" + host +
           ": nothing is wrong on the way to the port; what the app answers is not tried (see what requests get: "
           "ingressctl tail --host " +
           host + ")\n";
  }
  return out;
}

}  // namespace ingress::ctl
