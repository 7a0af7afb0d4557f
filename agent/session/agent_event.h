// What the agent sees, as EVENT tells it to the broker.
#pragma once

#include "agent/ports/listening_port.h"
#include "agent/session/tunnel_client.h"
#include "common/tunnel/session.h"

namespace ingress::agent {

tunnel::pb::Event event_of(const ListeningPorts& listening, uint64_t revision);
tunnel::pb::Event event_of(const LeftStreams& left);
tunnel::pb::Event leaving_event();

}  // namespace ingress::agent
