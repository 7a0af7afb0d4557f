#include <CLI/CLI.hpp>
#include <memory>

#include "ctl/nouns.h"

namespace ingress::ctl {
namespace {

struct ChangesFlags {
  long long since = 0;
  long long limit = 0;
};

}  // namespace

void add_changes(CLI::App& app, Shell& shell) {
  const auto flags = std::make_shared<ChangesFlags>();
  CLI::App* command = shell.command(app, "changes", "Who changed what, oldest first",
                                    "ingressctl changes --since 120 --limit 20", [&shell, flags] {
                                      return shell.show_list({{"REVISION", "revision"},
                                                              {"AT", "at"},
                                                              {"ACTOR", "actor"},
                                                              {"OPERATION", "operation"},
                                                              {"SUBJECT", "subject"}},
                                                             shell.session.changes(flags->since, flags->limit));
                                    });
  command->add_option("--since", flags->since, "Only after this revision")
      ->check(CLI::NonNegativeNumber)
      ->option_text("REVISION");
  command->add_option("--limit", flags->limit, "At most so many")->check(CLI::PositiveNumber)->option_text("COUNT");
}

}  // namespace ingress::ctl
