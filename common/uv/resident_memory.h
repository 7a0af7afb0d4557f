// Gives back what only a program's start needed. Thread: any.
#pragma once

#include <cstddef>

namespace ingress::uv {

// Unmaps the pages of code and constants that this process has read from its program and libraries; the ones that are
// still in use come back from the page cache at their next use (a minor fault, no disk), the others stay away. Pages
// that were ever written (relocated data) are left alone. Free heap memory goes back to the kernel too. Costs about a
// millisecond: for quiet moments, not for paths that requests take.
void release_idle_pages();

// Resident memory without what is free in the heap; 0 where the kernel does not tell.
size_t used_memory_bytes();

// The part of it that gives back free heap memory.
void release_idle_heap();

}  // namespace ingress::uv
