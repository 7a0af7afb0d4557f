// The commands, one file a noun.
#pragma once

#include "ctl/shell.h"

namespace ingress::ctl {

void add_machine(Command app, Shell& shell);
void add_machine_token(Command machine, Shell& shell);
void add_machine_events(Command machine, Shell& shell);
void add_join_token(Command machine, Shell& shell);
void add_token(Command app, Shell& shell);
void add_project(Command app, Shell& shell);
void add_project_apply(Command project, Shell& shell);
void add_service(Command app, Shell& shell);
void add_route(Command app, Shell& shell);
void add_route_transfer(Command route, Shell& shell);
void add_domain(Command app, Shell& shell);
void add_cert(Command app, Shell& shell);
void add_broker(Command app, Shell& shell);
void add_share(Command app, Shell& shell);
void add_tunnel(Command app, Shell& shell);
void add_loop(Command app, Shell& shell);
void add_db(Command app, Shell& shell);
void add_changes(Command app, Shell& shell);
void add_tail(Command app, Shell& shell);
void add_top(Command app, Shell& shell);
void add_changes_undo(Command changes, Shell& shell);
// completion and man: what is made from the tree of all commands, which are added before they run.
void add_help_pages(Command app, Shell& shell, const std::string& version);
void add_why(Command app, Shell& shell);
void add_connect(Command app, Shell& shell);

// A name as one segment of a path.
inline std::string segment(const std::string& name) { return "/" + percent_encoded(name); }

}  // namespace ingress::ctl
