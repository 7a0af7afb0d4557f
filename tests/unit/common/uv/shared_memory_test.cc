#include "common/uv/shared_memory.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

using namespace ingress;
using uv::OwnedFd;
using uv::SharedMemory;

TEST_CASE("who maps shared memory reads what its maker writes, and can't write or shrink it") {
  auto made = SharedMemory::create(4096);
  REQUIRE(made);
  auto mapped = SharedMemory::map(OwnedFd(dup(made->fd())), 4096);
  REQUIRE(mapped);
  CHECK(std::strcmp(static_cast<const char*>(mapped->data()), "") == 0);
  std::strcpy(static_cast<char*>(made->data()), "a key");
  CHECK(std::strcmp(static_cast<const char*>(mapped->data()), "a key") == 0);
  CHECK(ftruncate(made->fd(), 0) != 0);
  CHECK((fcntl(made->fd(), F_GETFD) & FD_CLOEXEC) != 0);
  if ((fcntl(made->fd(), F_GET_SEALS) & 0x10) == 0) return;  // before Linux 5.1
  CHECK(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, made->fd(), 0) == MAP_FAILED);
}

TEST_CASE("what is no shared memory of ours, or too small, is not mapped") {
  auto made = SharedMemory::create(100);
  REQUIRE(made);
  CHECK_FALSE(SharedMemory::map(OwnedFd(dup(made->fd())), 101));
  CHECK_FALSE(SharedMemory::map(OwnedFd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), 100));
  CHECK_FALSE(SharedMemory::map(OwnedFd(memfd_create("other", MFD_CLOEXEC)), 100));
  CHECK_FALSE(SharedMemory::map(OwnedFd(), 100));
}
