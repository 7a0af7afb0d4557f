// How often this test program has called operator new.
#pragma once

#include <cstddef>

namespace ingress::http::test {

size_t allocation_count();

}  // namespace ingress::http::test
