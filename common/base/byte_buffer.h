// A growing byte queue: append at the back, consume at the front. An empty buffer owns no memory after release().
#pragma once

#include <memory>

#include "common/base/bytes.h"

namespace ingress {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept;
  ByteBuffer& operator=(ByteBuffer&& other) noexcept;

  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return capacity_; }

  // The queued bytes; valid until the next append or release. kHeadroomBytes before data() are writable.
  uint8_t* data() { return memory_.get() + begin_; }
  const uint8_t* data() const { return memory_.get() + begin_; }
  Bytes view() const { return {data(), size()}; }
  MutableBytes mutable_view() { return {data(), size()}; }

  // `bytes` may not lie in this buffer.
  void append(Bytes bytes);
  void append(std::string_view text) { append(as_bytes(text)); }
  // Room for `size` more bytes at the back, to be written and then committed (all or a part of it).
  uint8_t* reserve(size_t size);
  void commit(size_t size) { end_ += size; }
  void consume(size_t size);
  void clear();
  // Frees the memory (and drops the bytes).
  void release();

 private:
  std::unique_ptr<uint8_t[]> memory_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // kHeadroomBytes or more, where there is memory
  size_t end_ = 0;
};

}  // namespace ingress
