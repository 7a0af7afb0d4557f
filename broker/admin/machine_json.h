// What is known of a machine beside its record, as JSON text. Pure.
#pragma once

#include <string>

#include "broker/tunnel/machine_book.h"
#include "broker/tunnel/machine_journal.h"

namespace ingress::broker::admin {

// {"active","lastRequestAt","lastActiveAt","openExchanges","interactiveStreams","since"}
std::string activity_json(const MachineActivity& activity);
// {"project"}: of the events `attached` and `detached`.
std::string project_event_json(const std::string& project);
// {"id","at","type","machine","data"}; ids are beyond what a double holds, and so a string.
std::string event_json(const std::string& machine, const MachineEvent& event);

}  // namespace ingress::broker::admin
