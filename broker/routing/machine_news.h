// What a transaction has changed for machines, told by the index that it was applied to. Plain value.
#pragma once

#include <cstdint>
#include <string>

namespace ingress::broker {

struct MachineNews {
  enum class Kind : uint8_t {
    kTouched,   // what machine_view() says of the machine may be something else now; once a transaction
    kAttached,  // to `project`
    kDetached,  // from `project`
    kDeleted,
    kEveryTouched,  // the defaults have changed; no machine is named
  };

  Kind kind = Kind::kTouched;
  std::string machine;
  std::string project;
};

}  // namespace ingress::broker
