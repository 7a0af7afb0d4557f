#include "common/base/byte_buffer.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace ingress {

ByteBuffer::ByteBuffer(ByteBuffer&& other) noexcept { *this = std::move(other); }

ByteBuffer& ByteBuffer::operator=(ByteBuffer&& other) noexcept {
  memory_ = std::move(other.memory_);
  capacity_ = std::exchange(other.capacity_, 0);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  return *this;
}

void ByteBuffer::append(Bytes bytes) {
  if (bytes.empty()) return;
  std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
  commit(bytes.size());
}

uint8_t* ByteBuffer::reserve(size_t size) {
  if (end_ + size <= capacity_) return memory_.get() + end_;
  const size_t held = this->size();
  const size_t needed = kHeadroomBytes + held + size;
  if (needed <= capacity_ && held <= capacity_ / 2) {
    std::memmove(memory_.get() + kHeadroomBytes, data(), held);
  } else {
    const size_t grown = std::max({needed, capacity_ * 2, size_t{512}});
    std::unique_ptr<uint8_t[]> memory(new uint8_t[grown]);
    if (held > 0) std::memcpy(memory.get() + kHeadroomBytes, data(), held);
    memory_ = std::move(memory);
    capacity_ = grown;
  }
  begin_ = kHeadroomBytes;
  end_ = kHeadroomBytes + held;
  return memory_.get() + end_;
}

void ByteBuffer::consume(size_t size) {
  assert(size <= this->size());
  begin_ += size;
  if (begin_ == end_) clear();
}

void ByteBuffer::clear() { begin_ = end_ = capacity_ == 0 ? 0 : kHeadroomBytes; }

void ByteBuffer::release() {
  memory_.reset();
  capacity_ = 0;
  clear();
}

}  // namespace ingress
