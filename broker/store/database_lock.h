// One broker at a time has a database open for writing: a lock on a file beside it, which ends with the process that
// holds it, however that ends. Thread: the main one.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/uv/owned_fd.h"

namespace ingress::broker {

class DatabaseLock {
 public:
  // Takes the lock of the database at `path`; waits for its holder (a predecessor that is about to hand over) until
  // `patience` is over: kConflict then. kIo where the file can't be opened.
  Status take(const std::string& path, Duration patience);
  void release() { fd_ = {}; }

 private:
  uv::OwnedFd fd_;
};

}  // namespace ingress::broker
