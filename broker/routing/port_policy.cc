#include "broker/routing/port_policy.h"

#include <type_traits>

namespace ingress::broker {

void add_port_policies(const MachineNode& machine, int port, const HostOwner& owner, EffectivePolicy& policy) {
  int last = -1;
  each_port_policy(machine, port, owner, [&policy, &last](int level, const auto& row, const Policy* each) {
    if (level != last) policy.next_level();
    last = level;
    policy.add(each);
    if constexpr (std::is_same_v<decltype(row), const ProjectNode&>) {
      if (row.quota != nullptr) policy.add_quota({row.quota.get(), row.record.slug});
    }
  });
}

}  // namespace ingress::broker
