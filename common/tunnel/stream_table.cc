#include "common/tunnel/stream_table.h"

#include <cassert>

#include "common/tunnel/session.h"

namespace ingress::tunnel {
namespace {

constexpr uint32_t kFirstCapacity = 8;

}  // namespace

Stream* StreamTable::find(uint32_t id) const {
  if (size_ == 0) return nullptr;
  for (uint32_t at = id & mask_; slots_[at] != nullptr; at = (at + 1) & mask_) {
    if (slots_[at]->id() == id) return slots_[at];
  }
  return nullptr;
}

void StreamTable::insert(Stream* stream) {
  // At most half full: a search always ends at an empty slot, soon.
  if (slots_ == nullptr || (size_ + 1) * 2 > mask_ + 1) grow();
  place(stream);
  ++size_;
}

void StreamTable::place(Stream* stream) {
  uint32_t at = stream->id() & mask_;
  if (slots_[at] != nullptr) ++displaced_;
  while (slots_[at] != nullptr) at = (at + 1) & mask_;
  slots_[at] = stream;
}

void StreamTable::erase(uint32_t id) {
  uint32_t hole = id & mask_;
  if (slots_[hole]->id() != id) --displaced_;
  while (slots_[hole]->id() != id) hole = (hole + 1) & mask_;
  // Where each stream has the slot of its id, no search passes over the hole.
  if (displaced_ > 0) hole = close_gap(hole);
  slots_[hole] = nullptr;
  --size_;
}

// What follows moves up where its home is not behind the hole, so that no search stops too early.
uint32_t StreamTable::close_gap(uint32_t hole) {
  for (uint32_t at = (hole + 1) & mask_; slots_[at] != nullptr; at = (at + 1) & mask_) {
    const uint32_t home = slots_[at]->id() & mask_;
    if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
    slots_[hole] = slots_[at];
    if (hole == home) --displaced_;
    hole = at;
  }
  return hole;
}

Stream* StreamTable::next(uint32_t& cursor) const {
  if (size_ == 0) return nullptr;
  while (cursor <= mask_ && slots_[cursor] == nullptr) ++cursor;
  return cursor <= mask_ ? slots_[cursor] : nullptr;
}

void StreamTable::release() {
  assert(size_ == 0);
  slots_.reset();
  mask_ = 0;
}

void StreamTable::grow() {
  const uint32_t old_capacity = slots_ == nullptr ? 0 : mask_ + 1;
  std::unique_ptr<Stream*[]> old = std::move(slots_);
  const uint32_t capacity = old_capacity == 0 ? kFirstCapacity : old_capacity * 2;
  slots_ = std::make_unique<Stream*[]>(capacity);
  mask_ = capacity - 1;
  displaced_ = 0;
  for (uint32_t at = 0; at < old_capacity; ++at) {
    if (old[at] != nullptr) place(old[at]);
  }
}

}  // namespace ingress::tunnel
