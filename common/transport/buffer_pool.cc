#include "common/transport/buffer_pool.h"

#include <cassert>
#include <utility>
#include <vector>

namespace ingress::transport {
namespace {

constexpr size_t kPoolBytes = size_t{2} * 1024 * 1024;
// Larger ones come from bulk output that the kernel refused, and are rare.
constexpr size_t kLargestBytes = size_t{256} * 1024;

struct Pool {
  std::vector<ByteBuffer> buffers;
  size_t bytes = 0;
};

Pool& pool() {
  thread_local Pool instance;
  return instance;
}

}  // namespace

void borrow_memory(ByteBuffer& buffer) {
  Pool& from = pool();
  if (buffer.capacity() > 0 || from.buffers.empty()) return;
  buffer = std::move(from.buffers.back());
  from.buffers.pop_back();
  from.bytes -= buffer.capacity();
}

void return_memory(ByteBuffer& buffer) {
  assert(buffer.empty());
  if (buffer.capacity() == 0) return;
  Pool& to = pool();
  if (buffer.capacity() > kLargestBytes || to.bytes + buffer.capacity() > kPoolBytes) {
    buffer.release();
    return;
  }
  to.bytes += buffer.capacity();
  to.buffers.push_back(std::move(buffer));
}

size_t pooled_buffers() { return pool().buffers.size(); }

}  // namespace ingress::transport
