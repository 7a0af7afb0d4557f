#include <memory>
#include <string>

#include "ctl/nouns.h"
#include "ctl/problem.h"

namespace ingress::ctl {
namespace {

struct EventsFlags {
  std::string machine;
  std::string since;
  bool follow = false;

  std::string path() const {
    return "/v1/machines" + segment(machine) + "/events" + (since.empty() ? "" : "?since=" + percent_encoded(since));
  }
};

bool show(Shell& shell, const Event& event) {
  const Json row = read_json(event.data);
  if (!row.is_object()) return true;
  if (event.name == "lost") {
    shell.err() << "ingressctl: events in between are gone\n" << std::flush;
    return true;
  }
  if (shell.globals.json) return shell.print_json_line(row);
  return shell.print_line(cell_of(row, "at") + "  " + cell_of(row, "type") + "  " + cell_of(row, "data"));
}

Outcome<int> events(Shell& shell, const EventsFlags& flags) {
  if (flags.follow) {
    const Interrupts interrupts;
    const Outcome<void> followed =
        shell.session.follow(flags.path(), interrupts, [&shell](const Event& event) { return show(shell, event); });
    if (!followed) return tl::unexpected(followed.error());
    return cli::kExitGood;
  }
  const Outcome<Json> page = shell.session.page(flags.path());
  if (!page) return tl::unexpected(page.error());
  return shell.show_list({{"AT", "at"}, {"TYPE", "type"}, {"DATA", "data"}}, page->at("items"));
}

}  // namespace

void add_machine_events(Command machine, Shell& shell) {
  const auto flags = std::make_shared<EventsFlags>();
  Command command =
      shell.command(machine, "events", "List what has happened to a machine lately: tunnels, ports, attachments, use",
                    "ingressctl machine events mach_1 --follow", [&shell, flags] { return events(shell, *flags); });
  command.word("id", flags->machine, "The machine's id", "ID");
  command.option("--since", flags->since, "Only what came after the event of this id", "EVENT");
  command.flag("--follow", flags->follow, "Go on with each event as it happens, until Ctrl-C");
}

}  // namespace ingress::ctl
