#include "common/uv/resident_memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace ingress::uv {
namespace {

// One entry of /proc/self/smaps.
struct Mapping {
  uintptr_t begin = 0;
  uintptr_t end = 0;
  bool from_file = false;
  bool writable = true;
};

// "7f00…-7f01… r-xp 00028000 08:01 1234   /usr/lib/libx.so"; false for the lines that follow it.
bool parse_header(const std::string& line, Mapping& mapping) {
  char permissions[5] = {};
  int path_at = 0;
  unsigned long begin = 0;
  unsigned long end = 0;
  const int fields = std::sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %*s %n", &begin, &end, permissions, &path_at);
  if (fields != 3 || std::strlen(permissions) != 4) return false;
  mapping.begin = begin;
  mapping.end = end;
  mapping.from_file = path_at > 0 && line[static_cast<size_t>(path_at)] == '/';
  mapping.writable = permissions[1] == 'w' || permissions[3] == 's';
  return true;
}

struct Resident {
  size_t all = 0;
  size_t of_files = 0;  // code, constants, shared memory
};

Resident resident_memory() {
  std::ifstream file("/proc/self/statm");
  size_t size = 0;
  Resident pages;
  if (!(file >> size >> pages.all >> pages.of_files)) return {};
  const auto page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return {pages.all * page_bytes, pages.of_files * page_bytes};
}

}  // namespace

size_t used_memory_bytes() {
  const Resident resident = resident_memory();
  const struct mallinfo2 heap = mallinfo2();
  // What is free in the heap counts there though its pages were given back: then this is too little, and what is
  // allocated says more.
  const size_t without_free = resident.all - std::min(resident.all, heap.fordblks);
  const size_t allocated = heap.uordblks + heap.hblkhd + resident.of_files;
  return std::max(without_free, std::min(allocated, resident.all));
}

void release_idle_heap() { malloc_trim(0); }

void release_idle_pages() {
  release_idle_heap();
  std::ifstream maps("/proc/self/smaps");
  Mapping mapping;
  for (std::string line; std::getline(maps, line);) {
    if (parse_header(line, mapping)) continue;
    // No anonymous page: nothing in it differs from the file.
    unsigned long anonymous_kb = 0;
    if (std::sscanf(line.c_str(), "Anonymous: %lu kB", &anonymous_kb) != 1) continue;
    if (anonymous_kb > 0 || mapping.writable || !mapping.from_file) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel tells addresses as text
    madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DONTNEED);
  }
}

}  // namespace ingress::uv
