#include "tests/sim/arena.h"

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#if !defined(__SANITIZE_ADDRESS__)

namespace {

constexpr uintptr_t kBegin = 0x200000000000;
constexpr size_t kBytes = size_t{4} << 30;
constexpr size_t kStep = 16;
constexpr size_t kSmallest = 1024;  // above it sizes double
constexpr size_t kClasses = kSmallest / kStep + 1 + 24;
constexpr size_t kPoisoned = 128;  // bytes of a freed block that are watched
constexpr uint8_t kPoison = 0xdd;
constexpr uint64_t kPoisonWord = 0xdddddddddddddddd;

struct Block {
  uint32_t size_class;
  uint32_t freed;
  Block* next;
  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
};
static_assert(sizeof(Block) == kStep);

// Freed blocks of one size: the one that was freed first is used first.
struct FreeList {
  Block* first = nullptr;
  Block* last = nullptr;
};

struct Arena {
  bool on = false;
  bool mapped = false;
  uintptr_t top = kBegin;
  size_t blocks = 0;
  std::array<FreeList, kClasses> free;
};

Arena g_arena;

bool in_arena(const void* memory) {
  const auto at = reinterpret_cast<uintptr_t>(memory);
  return at >= kBegin && at < kBegin + kBytes;
}

size_t class_of(size_t size) {
  if (size <= kSmallest) return (size + kStep - 1) / kStep;
  size_t size_class = kSmallest / kStep + 1;
  for (size_t most = kSmallest * 2; most < size; most *= 2) ++size_class;
  return size_class;
}

size_t bytes_of(size_t size_class) {
  if (size_class <= kSmallest / kStep) return size_class * kStep;
  return kSmallest << (size_class - kSmallest / kStep);
}

size_t poisoned_bytes(size_t size_class) { return bytes_of(size_class) < kPoisoned ? bytes_of(size_class) : kPoisoned; }

[[noreturn]] void give_up(const char* what) {
  std::fputs(what, stderr);
  std::abort();
}

void* allocate(size_t size) {
  const size_t size_class = class_of(size);
  FreeList& list = g_arena.free[size_class];
  Block* block = list.first;
  if (block != nullptr) {
    list.first = block->next;
    if (list.first == nullptr) list.last = nullptr;
    const size_t watched = poisoned_bytes(size_class);
    for (size_t i = 0; i < watched; i += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, block->bytes() + i, sizeof word);
      if (word != kPoisonWord) give_up("memory was written after it was freed\n");
    }
  } else {
    block = reinterpret_cast<Block*>(g_arena.top);  // NOLINT(performance-no-int-to-ptr)
    g_arena.top += sizeof(Block) + bytes_of(size_class);
    if (g_arena.top > kBegin + kBytes) give_up("a run needs too much memory\n");
    block->size_class = static_cast<uint32_t>(size_class);
  }
  block->freed = 0;
  ++g_arena.blocks;
  return block->bytes();
}

void release(void* memory) {
  Block* const block = static_cast<Block*>(memory) - 1;
  if (block->freed != 0) give_up("memory was freed twice\n");
  block->freed = 1;
  block->next = nullptr;
  std::memset(block->bytes(), kPoison, poisoned_bytes(block->size_class));
  FreeList& list = g_arena.free[block->size_class];
  (list.last == nullptr ? list.first : list.last->next) = block;
  list.last = block;
  --g_arena.blocks;
}

void* take(size_t size) {
  if (g_arena.on) return allocate(size);
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) give_up("no memory\n");
  return memory;
}

void give(void* memory) {
  if (memory == nullptr) return;
  in_arena(memory) ? release(memory) : std::free(memory);
}

}  // namespace

namespace ingress::sim {

void arena_begin() {
  if (!g_arena.mapped) {
    void* const at_begin = reinterpret_cast<void*>(kBegin);  // NOLINT(performance-no-int-to-ptr)
    void* const at = mmap(at_begin, kBytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (at == MAP_FAILED) give_up("the run's memory cannot be mapped\n");
    g_arena.mapped = true;
  }
  g_arena.top = kBegin;
  g_arena.blocks = 0;
  g_arena.free = {};
  g_arena.on = true;
}

void arena_end() { g_arena.on = false; }
size_t arena_blocks() { return g_arena.blocks; }

}  // namespace ingress::sim

void* operator new(size_t size) { return take(size); }
void* operator new[](size_t size) { return take(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return take(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return take(size); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete[](void* memory) noexcept { give(memory); }
void operator delete(void* memory, size_t) noexcept { give(memory); }
void operator delete[](void* memory, size_t) noexcept { give(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { give(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { give(memory); }

#else

namespace ingress::sim {

void arena_begin() {}
void arena_end() {}
size_t arena_blocks() { return 0; }

}  // namespace ingress::sim

#endif
