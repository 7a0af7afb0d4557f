// Randomness for the product, from the run's seed.
#pragma once

#include <cstddef>

namespace ingress::sim {

void seeded_bytes(void* to, size_t size);

}  // namespace ingress::sim
