// An open-addressing hash table of nodes by a key that lies in the node: one slot of 16 bytes a node, the hash kept in
// it, so that a look-up touches one slot and the node that it finds. Owns no node. Key may be any type that
// Match{}(node, key) compares and that the caller hashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace ingress::broker {

inline uint64_t hash_name(std::string_view name) { return std::hash<std::string_view>{}(name); }

template <class Node, class Match>
class NameTable {
 public:
  size_t size() const { return size_; }

  template <class Key>
  Node* find(uint64_t hash, const Key& key) const {
    if (size_ == 0) return nullptr;
    for (size_t i = hash & mask();; i = (i + 1) & mask()) {
      const Slot& slot = slots_[i];
      if (slot.node == nullptr) return nullptr;
      if (slot.hash == hash && Match{}(*slot.node, key)) return slot.node;
    }
  }

  // The node's key is not in the table.
  void insert(uint64_t hash, Node& node) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    place(hash, &node);
    ++size_;
  }

  // The node is in the table. Closes the gap, so that no tombstones gather.
  void erase(uint64_t hash, const Node& node) {
    size_t gap = hash & mask();
    while (slots_[gap].node != &node) gap = (gap + 1) & mask();
    for (size_t i = (gap + 1) & mask(); slots_[i].node != nullptr; i = (i + 1) & mask()) {
      const size_t home = slots_[i].hash & mask();
      const bool stays = ((i - home) & mask()) < ((i - gap) & mask());
      if (stays) continue;
      slots_[gap] = slots_[i];
      gap = i;
    }
    slots_[gap] = Slot{};
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

  size_t mask() const { return slots_.size() - 1; }

  void place(uint64_t hash, Node* node) {
    size_t i = hash & mask();
    while (slots_[i].node != nullptr) i = (i + 1) & mask();
    slots_[i] = Slot{hash, node};
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.node != nullptr) place(slot.hash, slot.node);
    }
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace ingress::broker
