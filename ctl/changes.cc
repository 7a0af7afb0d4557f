#include <algorithm>
#include <memory>
#include <optional>

#include "ctl/nouns.h"
#include "ctl/problem.h"

namespace ingress::ctl {
namespace {

struct ChangesFlags {
  long long since = -1;  // not said
  long long limit = 0;
  bool follow = false;
};

bool show(Shell& shell, const Event& event) {
  const Json row = read_json(event.data);
  if (!row.is_object()) return true;
  if (shell.globals.json) return shell.print_json_line(row);
  return shell.print_line(cell_of(row, "revision") + "  " + cell_of(row, "at") + "  " + cell_of(row, "actor") + "  " +
                          cell_of(row, "operation") + "  " + cell_of(row, "subject"));
}

Outcome<int> follow(Shell& shell, const ChangesFlags& flags) {
  if (flags.limit != 0) return wrong_usage("--follow has no end: leave --limit out");
  const Interrupts interrupts;
  const Outcome<void> followed =
      shell.session.follow("/v1/changes?since=" + std::to_string(std::max(flags.since, 0LL)), interrupts,
                           [&shell](const Event& event) { return show(shell, event); });
  if (!followed) return tl::unexpected(followed.error());
  return cli::kExitGood;
}

Outcome<int> changes(Shell& shell, const ChangesFlags& flags) {
  if (flags.follow) return follow(shell, flags);
  return shell.show_list(
      {{"REVISION", "revision"}, {"AT", "at"}, {"ACTOR", "actor"}, {"OPERATION", "operation"}, {"SUBJECT", "subject"}},
      shell.session.changes(flags.since >= 0 ? std::optional(flags.since) : std::nullopt, flags.limit));
}

}  // namespace

void add_changes(Command app, Shell& shell) {
  const auto flags = std::make_shared<ChangesFlags>();
  Command command = shell.command(app, "changes", "Who changed what, oldest first", "ingressctl changes --limit 20",
                                  [&shell, flags] { return changes(shell, *flags); });
  command.let_command_follow();
  add_changes_undo(command, shell);
  command.number("--since", flags->since, 0, "Only after this revision", "REVISION");
  command.number("--limit", flags->limit, 1, "At most so many: the first ones after --since, or else the newest",
                 "COUNT");
  command.flag("--follow", flags->follow, "Go on with each change as it is made, until Ctrl-C");
}

}  // namespace ingress::ctl
