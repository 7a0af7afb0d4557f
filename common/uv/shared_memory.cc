#include "common/uv/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

// Of Linux 5.1, not in the headers of every libc.
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace ingress::uv {

Result<SharedMemory> SharedMemory::create(size_t bytes) {
  OwnedFd fd(memfd_create("ingress", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0 ||
      fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    return fail(ErrorCode::kIo, Side::kInternal, "making shared memory", errno);
  }
  Result<SharedMemory> made = map(std::move(fd), bytes, PROT_READ | PROT_WRITE);
  if (made) fcntl(made->fd(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
  return made;
}

Result<SharedMemory> SharedMemory::map(OwnedFd fd, size_t bytes) {
  struct stat info {};
  const int seals = fcntl(fd.get(), F_GET_SEALS);
  if (fstat(fd.get(), &info) != 0 || info.st_size < static_cast<off_t>(bytes) || seals < 0 ||
      (seals & F_SEAL_SHRINK) == 0) {
    return fail(ErrorCode::kInvalidArgument, Side::kInternal, "not the shared memory that was expected");
  }
  return map(std::move(fd), bytes, PROT_READ);
}

Result<SharedMemory> SharedMemory::map(OwnedFd fd, size_t bytes, int protection) {
  void* const data = mmap(nullptr, bytes, protection, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return fail(ErrorCode::kIo, Side::kInternal, "mapping shared memory", errno);
  madvise(data, bytes, MADV_DONTDUMP);
  SharedMemory memory;
  memory.fd_ = std::move(fd);
  memory.data_ = data;
  memory.bytes_ = bytes;
  return memory;
}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  fd_ = std::move(other.fd_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

}  // namespace ingress::uv
