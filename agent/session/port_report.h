// What listens, as EVENT tells it to the broker.
#pragma once

#include "agent/ports/listening_port.h"
#include "common/tunnel/session.h"

namespace ingress::agent {

tunnel::pb::Event event_of(const ListeningPorts& listening, uint64_t revision);

}  // namespace ingress::agent
