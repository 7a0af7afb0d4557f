// One program at a time has a database open for writing (a broker, or `ingressctl db restore`): a lock on a file beside
// it, which ends with the process that holds it, however that ends. Thread: the main one.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"

namespace ingress::db {

class DatabaseLock {
 public:
  // How long a broker that starts waits for its predecessor: who opened the file of the lock earlier has the database,
  // or has given up.
  static constexpr Duration kPatience{10000};

  DatabaseLock() = default;
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;
  ~DatabaseLock() { release(); }

  // Takes the lock of the database at `path`; waits for its holder (a predecessor that is about to hand over) until
  // `patience` is over: kConflict then. kIo where the file can't be opened.
  Status take(const std::string& path, Duration patience);
  void release();
  // Shows the lock's holder, where it is about to make way, that somebody wants the database at `path`: it notices that
  // the file is opened. For who needs something else of the holder's before it takes the lock.
  static void knock(const std::string& path);
  // Of the lock of the database at `path`.
  static std::string file_of(const std::string& path) { return path + ".lock"; }

 private:
  int fd_ = -1;
};

}  // namespace ingress::db
