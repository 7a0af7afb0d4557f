// The heap of one run. Every run begins with the same addresses, so that what goes by the order of pointers is the same
// in each; what a run leaves is counted, and what is written to memory after its end is seen. Under AddressSanitizer,
// which does better, it is not used.
#pragma once

#include <cstddef>

namespace ingress::sim {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kHasArena = false;
#else
inline constexpr bool kHasArena = true;
#endif

// From now on new memory is the run's, of which there is none yet.
void arena_begin();
// New memory is the process's again.
void arena_end();
// Blocks of the run that were not freed.
size_t arena_blocks();

}  // namespace ingress::sim
