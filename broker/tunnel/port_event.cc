#include "broker/tunnel/port_event.h"

#include <algorithm>

#include "proto/tunnel.pb.h"

namespace ingress::broker {
namespace {

constexpr size_t kLongestName = 64;
constexpr uint32_t kHighestPort = 65535;

std::string printable(std::string_view text) {
  std::string name(text.substr(0, kLongestName));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

}  // namespace

MachinePorts machine_ports_of(const tunnel::pb::Event& event, std::string_view instance) {
  MachinePorts made;
  made.instance = instance;
  made.revision = event.ports().revision();
  made.more = event.ports().more();
  for (const tunnel::pb::Event::Port& port : event.ports().ports()) {
    if (port.number() < 1 || port.number() > kHighestPort) continue;
    if (made.ports.size() == MachinePorts::kMost) {
      made.more = true;
      break;
    }
    made.ports.push_back({static_cast<int>(port.number()), printable(port.process())});
  }
  const auto by_number = [](const MachinePort& a, const MachinePort& b) { return a.number < b.number; };
  std::stable_sort(made.ports.begin(), made.ports.end(), by_number);
  const auto same = [](const MachinePort& a, const MachinePort& b) { return a.number == b.number; };
  made.ports.erase(std::unique(made.ports.begin(), made.ports.end(), same), made.ports.end());
  return made;
}

}  // namespace ingress::broker
