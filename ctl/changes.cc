#include <memory>

#include "ctl/nouns.h"

namespace ingress::ctl {
namespace {

struct ChangesFlags {
  long long since = 0;
  long long limit = 0;
};

}  // namespace

void add_changes(Command app, Shell& shell) {
  const auto flags = std::make_shared<ChangesFlags>();
  Command command = shell.command(app, "changes", "Who changed what, oldest first",
                                  "ingressctl changes --since 120 --limit 20", [&shell, flags] {
                                    return shell.show_list({{"REVISION", "revision"},
                                                            {"AT", "at"},
                                                            {"ACTOR", "actor"},
                                                            {"OPERATION", "operation"},
                                                            {"SUBJECT", "subject"}},
                                                           shell.session.changes(flags->since, flags->limit));
                                  });
  command.number("--since", flags->since, 0, "Only after this revision", "REVISION");
  command.number("--limit", flags->limit, 1, "At most so many", "COUNT");
}

}  // namespace ingress::ctl
