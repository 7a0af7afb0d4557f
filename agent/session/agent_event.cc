#include "agent/session/agent_event.h"

#include "proto/tunnel.pb.h"

namespace ingress::agent {

tunnel::pb::Event event_of(const ListeningPorts& listening, uint64_t revision) {
  tunnel::pb::Event event;
  tunnel::pb::Event::Ports& ports = *event.mutable_ports();
  ports.set_revision(revision);
  ports.set_more(listening.more);
  for (const ListeningPort& port : listening.ports) {
    tunnel::pb::Event::Port& added = *ports.add_ports();
    added.set_number(static_cast<uint32_t>(port.number));
    added.set_process(port.process);
  }
  return event;
}

tunnel::pb::Event event_of(const LeftStreams& left) {
  tunnel::pb::Event event;
  event.mutable_left()->set_open(left.open);
  event.mutable_left()->set_upgraded(left.upgraded);
  return event;
}

tunnel::pb::Event leaving_event() {
  tunnel::pb::Event event;
  event.set_leaving(true);
  return event;
}

}  // namespace ingress::agent
