// Counts what the whole program allocates by new, so that a test can say that something allocates nothing.
#pragma once

#include <cstddef>

namespace ingress::origin::test {

size_t allocation_count();

}  // namespace ingress::origin::test
