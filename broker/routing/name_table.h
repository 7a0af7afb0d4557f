// An open-addressing hash table of nodes by a key that lies in the node. Beside each slot (16 bytes: the hash and the
// node) there is a tag of one byte; a look-up that finds nothing reads tags alone, and they are small enough to stay in
// the cache. Owns no node. Key may be any type that Match{}(node, key) compares and that the caller hashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "broker/routing/huge_page_allocator.h"

namespace ingress::broker {

inline uint64_t hash_name(std::string_view name) { return std::hash<std::string_view>{}(name); }

template <class Node, class Match>
class NameTable {
 public:
  size_t size() const { return size_; }

  template <class Key>
  Node* find(uint64_t hash, const Key& key) const {
    if (size_ == 0) return nullptr;
    const uint8_t tag = tag_of(hash);
    __builtin_prefetch(&slots_[hash & mask()]);
    for (size_t i = hash & mask(); tags_[i] != kEmpty; i = (i + 1) & mask()) {
      if (tags_[i] != tag) continue;
      const Slot& slot = slots_[i];
      if (slot.hash == hash && Match{}(*slot.node, key)) return slot.node;
    }
    return nullptr;
  }

  // Fetches what find() will read, for callers that look several names up.
  void prefetch(uint64_t hash) const {
    if (size_ != 0) __builtin_prefetch(&tags_[hash & mask()]);
  }

  // The node's key is not in the table.
  void insert(uint64_t hash, Node& node) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    place({hash, &node});
    ++size_;
  }

  // The node is in the table. Closes the gap, so that no tombstones gather.
  void erase(uint64_t hash, const Node& node) {
    size_t gap = hash & mask();
    while (slots_[gap].node != &node) gap = (gap + 1) & mask();
    for (size_t i = (gap + 1) & mask(); tags_[i] != kEmpty; i = (i + 1) & mask()) {
      const size_t home = slots_[i].hash & mask();
      const bool stays = ((i - home) & mask()) < ((i - gap) & mask());
      if (stays) continue;
      slots_[gap] = slots_[i];
      tags_[gap] = tags_[i];
      gap = i;
    }
    slots_[gap] = Slot{};
    tags_[gap] = kEmpty;
    --size_;
  }

  // Calls visit(node) for each; it may destroy the nodes, and the table must not be used after that.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.node != nullptr) visit(slot.node);
    }
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    Node* node = nullptr;
  };
  static constexpr uint8_t kEmpty = 0;

  // From the end that the place is not taken from.
  static uint8_t tag_of(uint64_t hash) { return static_cast<uint8_t>(hash >> 57 | 0x80); }
  size_t mask() const { return slots_.size() - 1; }

  void place(const Slot& slot) {
    size_t i = slot.hash & mask();
    while (tags_[i] != kEmpty) i = (i + 1) & mask();
    slots_[i] = slot;
    tags_[i] = tag_of(slot.hash);
  }

  void grow() {
    Slots old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    tags_.assign(slots_.size(), kEmpty);
    for (const Slot& slot : old) {
      if (slot.node != nullptr) place(slot);
    }
  }

  using Slots = std::vector<Slot, HugePageAllocator<Slot>>;
  Slots slots_;
  std::vector<uint8_t, HugePageAllocator<uint8_t>> tags_;
  size_t size_ = 0;
};

}  // namespace ingress::broker
