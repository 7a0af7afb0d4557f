// The file of a Unix socket that this process has bound: it is removed with its owner, unless the path is a newer
// socket's by then. Moves, does not copy.
#pragma once

#include <string>
#include <utility>

#include "common/uv/owned_fd.h"

namespace ingress::uv {

class SocketFile {
 public:
  // None.
  SocketFile() = default;
  // The one that was just bound at `path`.
  explicit SocketFile(const std::string& path);
  SocketFile(SocketFile&& other) noexcept = default;
  SocketFile& operator=(SocketFile&& other) noexcept {
    path_.swap(other.path_);
    file_ = std::move(other.file_);
    return *this;
  }
  ~SocketFile();

 private:
  std::string path_;
  OwnedFd file_;  // as long as it is open no newer file has its inode's number
};

}  // namespace ingress::uv
