#include "ctl/nouns.h"

namespace ingress::ctl {

void add_loop(Command app, Shell& shell) {
  Command loop = Shell::group(app, "loop", "The broker's loops and what each serves", "ingressctl loop list");
  shell.command(loop, "list", "List loops", "ingressctl loop list", [&shell] {
    return shell.show_list({{"LOOP", "loop"},
                            {"CLIENTS", "clients"},
                            {"MACHINES", "machines"},
                            {"TUNNELS", "tunnels"},
                            {"PARKED", "parked"},
                            {"STREAMS", "streams"},
                            {"CROSSING", "crossingStreams"}},
                           shell.session.list({"", "/v1/loops", {}}));
  });
}

}  // namespace ingress::ctl
