#include "broker/dev/state_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/uv/owned_fd.h"

namespace ingress::broker::dev {
namespace {

constexpr mode_t kOwnFolder = 0700;
constexpr mode_t kOwnFile = 0600;

tl::unexpected<Error> not_made(int number) {
  return tl::unexpected(Error{ErrorCode::kIo, Side::kInternal, false, number, "making a file or folder"});
}

}  // namespace

Status make_state_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return not_made(error.value());
  if (mkdir(path.c_str(), kOwnFolder) == 0) return {};
  const int failure = errno;
  return failure == EEXIST && std::filesystem::is_directory(path, error) ? Status() : not_made(failure);
}

Status make_private_folder(const std::string& path) {
  const Status made = make_state_folder(path);
  if (!made || chmod(path.c_str(), kOwnFolder) == 0) return made;
  return not_made(errno);
}

Status make_private_file(const std::string& path) {
  const uv::OwnedFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kOwnFile));
  return file.valid() ? Status() : not_made(errno);
}

Status put_private_file(const std::string& path, const std::string& text) {
  unlink(path.c_str());
  const uv::OwnedFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnFile));
  const bool written = file.valid() && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return written ? Status() : not_made(errno);
}

}  // namespace ingress::broker::dev
