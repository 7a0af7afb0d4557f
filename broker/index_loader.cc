#include "broker/index_loader.h"

#include <utility>

namespace ingress::broker {

void load_index(RouteTable& routes, Snapshot snapshot) { routes.fill(rebuild_transaction(std::move(snapshot))); }

}  // namespace ingress::broker
