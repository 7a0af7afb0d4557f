// A route as a request says it. Pure, but for the time of day that a `ttl` counts from.
#pragma once

#include "broker/admin/object_reader.h"
#include "broker/model/records.h"

namespace ingress::broker::admin {

// What a caller may say of a route, but for its id. `overwrite` is how a conflict is dealt with.
void read_route_settings(ObjectReader& in, Route& route, bool& overwrite);

}  // namespace ingress::broker::admin
