#include "common/uv/socket_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ingress::uv {

SocketFile::SocketFile(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)) {}

SocketFile::~SocketFile() {
  struct stat own {};
  struct stat at_path {};
  if (!file_.valid() || fstat(file_.get(), &own) != 0 || lstat(path_.c_str(), &at_path) != 0) return;
  if (own.st_dev == at_path.st_dev && own.st_ino == at_path.st_ino) unlink(path_.c_str());
}

}  // namespace ingress::uv
