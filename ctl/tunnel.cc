#include <memory>

#include "ctl/nouns.h"

namespace ingress::ctl {

void add_tunnel(Command app, Shell& shell) {
  Command tunnel = Shell::group(app, "tunnel", "Tunnels that are up now", "ingressctl tunnel list");
  const auto machine = std::make_shared<std::string>();
  shell
      .command(tunnel, "list", "List tunnels", "ingressctl tunnel list --machine mach_1",
               [&shell, machine] {
                 const std::string query = machine->empty() ? "" : "?machine=" + percent_encoded(*machine);
                 return shell.show_list({{"ID", "id"},
                                         {"MACHINE", "machine"},
                                         {"PEER", "peer"},
                                         {"AGENT", "agentVersion"},
                                         {"STREAMS", "streams"},
                                         {"RTT MS", "roundTripMs"},
                                         {"DRAINING", "draining"},
                                         {"CONNECTED", "connectedAt"}},
                                        shell.session.list({"", "/v1/tunnels" + query, {}}));
               })
      .option("--machine", *machine, "Only those of this machine", "MACHINE");

  const auto shown = std::make_shared<std::string>();
  shell
      .command(tunnel, "show", "Show a tunnel", "ingressctl tunnel show tn_1",
               [&shell, shown] {
                 return shell.show_record(shell.session.one({"", "/v1/tunnels" + segment(*shown), {}}));
               })
      .word("id", *shown, "The tunnel's id", "ID");

  const auto closed = std::make_shared<std::string>();
  shell
      .command(tunnel, "close", "Close a tunnel after its streams; the agent comes back by a new one",
               "ingressctl tunnel close tn_1",
               [&shell, closed] {
                 return shell.show_done(shell.session.change("DELETE", "/v1/tunnels" + segment(*closed)),
                                        "tunnel " + *closed + " is closing");
               })
      .word("id", *closed, "The tunnel's id", "ID");
}

}  // namespace ingress::ctl
