// Who an agent's process is to the broker.
#pragma once

#include <cstddef>
#include <string>

namespace ingress::agent {

inline constexpr size_t kInstanceBytes = 16;

// Random, and another one than a clone of this machine draws, which has the state of the generator.
std::string new_instance();

}  // namespace ingress::agent
