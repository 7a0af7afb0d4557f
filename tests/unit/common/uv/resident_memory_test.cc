#include "common/uv/resident_memory.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ingress::uv;

TEST_CASE("what is allocated counts as used, also after free memory between was given back") {
  constexpr size_t kBlocks = 8192;
  constexpr size_t kBlockBytes = size_t{16} * 1024;
  std::vector<std::string> blocks;
  for (size_t i = 0; i < kBlocks; ++i) blocks.emplace_back(kBlockBytes, 'x');
  CHECK(used_memory_bytes() >= kBlocks * kBlockBytes);
  // Three of four go: holes that the heap keeps, and whose pages it gives back.
  for (size_t i = 0; i < kBlocks; ++i) {
    if (i % 4 != 0) std::string().swap(blocks[i]);
  }
  release_idle_heap();
  CHECK(used_memory_bytes() >= kBlocks / 4 * kBlockBytes);
}
