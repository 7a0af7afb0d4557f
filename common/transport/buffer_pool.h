// Memory for output that waits for the end of an iteration, shared by the connections of a thread. Private to
// common/transport.
#pragma once

#include "common/base/byte_buffer.h"

namespace ingress::transport {

// Gives `buffer` memory that was used before, where it has none and the pool has some.
void borrow_memory(ByteBuffer& buffer);

// Takes the memory of an empty buffer back; frees it where the pool holds enough.
void return_memory(ByteBuffer& buffer);

// What this thread's pool holds.
size_t pooled_buffers();

}  // namespace ingress::transport
