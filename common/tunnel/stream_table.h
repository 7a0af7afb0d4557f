// Streams of a session by id: open addressing, keyed by the id itself. Ids go up by one, so the live ones lie side by
// side and hardly ever collide. No memory while empty after release(). Does not own the streams.
#pragma once

#include <cstdint>
#include <memory>

namespace ingress::tunnel {

class Stream;

class StreamTable {
 public:
  Stream* find(uint32_t id) const;
  // The id is not in the table.
  void insert(Stream* stream);
  // The id is in the table.
  void erase(uint32_t id);
  // For taking out one after the other while nothing is inserted: the first stream at or after `cursor` (0 at the
  // begin), which is moved there; nullptr where none is left.
  Stream* next(uint32_t& cursor) const;
  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Frees the memory of an empty table.
  void release();

 private:
  void place(Stream* stream);
  // Closes the gap that an erased stream leaves; returns the slot that is free in the end.
  uint32_t close_gap(uint32_t hole);
  void grow();

  std::unique_ptr<Stream*[]> slots_;
  uint32_t mask_ = 0;  // capacity - 1; the capacity is a power of two
  uint32_t size_ = 0;
  uint32_t displaced_ = 0;  // streams that another one keeps from the slot of their id
};

}  // namespace ingress::tunnel
