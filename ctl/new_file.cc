#include "ctl/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace ingress::ctl {
namespace {

// The name is on disk too.
bool sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

}  // namespace

std::string because(int code) { return ": " + std::generic_category().message(code); }

Outcome<NewFile> NewFile::prepare(const std::string& path) {
  std::string temporary = path + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);  // mode 0600
  if (descriptor < 0) return failed("cannot write " + path + because(errno));
  return NewFile(path, temporary, descriptor);
}

NewFile::NewFile(std::string path, std::string temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

bool NewFile::take_name(Existing existing) const {
  if (existing == Existing::kReplaced) return ::rename(temporary_.c_str(), path_.c_str()) == 0;
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL) return false;
  // A file system that cannot (NFS): a second name, refused where there is one, then the first goes.
  return ::link(temporary_.c_str(), path_.c_str()) == 0 && ::unlink(temporary_.c_str()) == 0;
}

Outcome<bool> NewFile::publish(Existing existing) {
  if (::fsync(descriptor_) != 0 || !take_name(existing)) return failed("cannot write " + path_ + because(errno));
  ::close(std::exchange(descriptor_, -1));
  if (!sync_folder_of(path_)) return failed("cannot sync the folder of " + path_ + because(errno));
  return true;
}

}  // namespace ingress::ctl
