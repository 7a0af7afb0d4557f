#include "broker/routing/port_policy.h"

namespace ingress::broker {

void add_port_policies(const MachineNode& machine, int port, EffectivePolicy& policy) {
  int last = -1;
  each_port_policy(machine, port, [&policy, &last](int level, const auto&, const Policy* each) {
    if (level != last) policy.next_level();
    last = level;
    policy.add(each);
  });
}

}  // namespace ingress::broker
