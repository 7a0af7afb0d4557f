// The commands, one file a noun.
#pragma once

#include "ctl/shell.h"

namespace ingress::ctl {

void add_machine(CLI::App& app, Shell& shell);
void add_machine_token(CLI::App& machine, Shell& shell);
void add_project(CLI::App& app, Shell& shell);
void add_service(CLI::App& app, Shell& shell);
void add_route(CLI::App& app, Shell& shell);
void add_domain(CLI::App& app, Shell& shell);
void add_tunnel(CLI::App& app, Shell& shell);
void add_changes(CLI::App& app, Shell& shell);
void add_why(CLI::App& app, Shell& shell);

// A name as one segment of a path.
inline std::string segment(const std::string& name) { return "/" + percent_encoded(name); }

}  // namespace ingress::ctl
