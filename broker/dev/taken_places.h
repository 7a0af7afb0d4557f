// What this start needs and another program has: the database, an address.
#pragma once

#include <string>

#include "broker/dev/dev_config.h"

namespace ingress::broker::dev {

// A sentence for the operator that says how to go on; "" where all of it can be had. Makes no file. An address that
// became free meanwhile is held for the listener.
std::string taken_problem(const DevConfig& config);

// Whether a listener could be bound there now; [::] and 0.0.0.0 are both families, as listeners take them.
bool looks_free(const uv::Address& address);

}  // namespace ingress::broker::dev
