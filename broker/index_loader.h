// Fills the index from the store at start.
#pragma once

#include "broker/routing/route_table.h"
#include "broker/store/store.h"

namespace ingress::broker {

void load_index(RouteTable& routes, Snapshot snapshot);

}  // namespace ingress::broker
