// Fills the index from the store at start.
#pragma once

#include "broker/routing/route_index.h"
#include "broker/store/store.h"

namespace ingress::broker {

void load_index(RouteIndex& index, const Snapshot& snapshot);

}  // namespace ingress::broker
