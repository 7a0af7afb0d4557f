#include <memory>
#include <ostream>

#include "ctl/nouns.h"
#include "ctl/why_text.h"

namespace ingress::ctl {
namespace {

Outcome<int> why(Shell& shell, const std::string& pasted) {
  const Outcome<Json> report = shell.session.get("/v1/why?host=" + percent_encoded(pasted));
  if (!report) return tl::unexpected(report.error());
  const auto steps = report->find("steps");
  if (steps == report->end() || !steps->is_array() || !report->contains("problem")) {
    return failed("the answer is no report: is this the admin API? (--admin)");
  }
  if (shell.globals.json) {
    shell.print_json(*report);
  } else {
    shell.out() << why_text(*report);
  }
  return (*report)["problem"].is_null() ? cli::kExitGood : cli::kExitFailed;
}

}  // namespace

void add_why(Command app, Shell& shell) {
  const auto host = std::make_shared<std::string>();
  shell
      .command(app, "why",
               "Walk a host's way step by step; name the first thing that is wrong, DNS last, and what to do",
               "ingressctl why 4096__misha.iterate.app", [&shell, host] { return why(shell, *host); })
      .word("host", *host, "A host, or a whole URL", "HOST");
}

}  // namespace ingress::ctl
