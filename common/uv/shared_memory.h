// Anonymous memory of one process that others read: it has no name, is on no disk and in no core dump, and goes to a
// child as an inherited descriptor. Moves, does not copy.
#pragma once

#include <cstddef>

#include "common/base/error.h"
#include "common/uv/owned_fd.h"

namespace ingress::uv {

class SharedMemory {
 public:
  // All zero. Who maps it later can't write, where the kernel knows how to forbid that (Linux 5.1).
  static Result<SharedMemory> create(size_t bytes);
  // That of another process, to be read. kInvalidArgument where it is smaller, or could become so.
  static Result<SharedMemory> map(OwnedFd fd, size_t bytes);
  SharedMemory() = default;
  ~SharedMemory();
  SharedMemory(SharedMemory&& other) noexcept { *this = std::move(other); }
  SharedMemory& operator=(SharedMemory&& other) noexcept;

  void* data() const { return data_; }
  // For a child's ChildProgram::fds.
  int fd() const { return fd_.get(); }

 private:
  static Result<SharedMemory> map(OwnedFd fd, size_t bytes, int protection);

  OwnedFd fd_;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace ingress::uv
