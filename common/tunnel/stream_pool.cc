#include "common/tunnel/stream_pool.h"

#include <algorithm>

#include "common/tunnel/session.h"

namespace ingress::tunnel {

StreamPool::StreamPool() = default;
StreamPool::~StreamPool() = default;

Stream& StreamPool::take() {
  if (free_ == nullptr) add_block();
  Stream& stream = *free_;
  free_ = stream.next_;
  stream = Stream{};
  return stream;
}

void StreamPool::give(Stream& stream) {
  stream.id_ = 0;
  stream.handler_ = nullptr;
  stream.next_ = free_;
  free_ = &stream;
}

void StreamPool::release() {
  free_ = nullptr;
  blocks_.clear();
  blocks_.shrink_to_fit();
}

void StreamPool::add_block() {
  const size_t count = std::min(kFirstBlock << std::min<size_t>(blocks_.size(), 8), kMostBlock);
  Stream* block = blocks_.emplace_back(new Stream[count]).get();
  for (size_t i = 0; i < count; ++i) give(block[i]);
}

}  // namespace ingress::tunnel
