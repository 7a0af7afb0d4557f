#include "common/base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace ingress {
namespace {

constexpr size_t kPieceBytes = size_t{64} * 1024;

tl::unexpected<Error> not_read(int why) { return fail(ErrorCode::kIo, Side::kInternal, "reading a file", why); }

}  // namespace

Result<std::string> read_file(int descriptor, size_t most_bytes) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return not_read(errno);
  // What a read of it says depends on the file system.
  if (S_ISDIR(facts.st_mode)) return not_read(EISDIR);
  // Files of /proc are regular, too, and say 0.
  const off_t at = S_ISREG(facts.st_mode) ? ::lseek(descriptor, 0, SEEK_CUR) : 0;
  const size_t known = at >= 0 && facts.st_size > at ? static_cast<size_t>(facts.st_size - at) : 0;
  if (known > most_bytes) return not_read(EFBIG);
  std::string text;
  size_t have = 0;
  while (true) {
    // One byte more than there may be tells that there is more.
    const size_t wanted = have == 0 && known > 0 ? known + 1 : std::max(kPieceBytes, have);
    text.resize(have + std::min(wanted, most_bytes - have + 1));
    const ssize_t count = ::read(descriptor, text.data() + have, text.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return not_read(errno);
    have += static_cast<size_t>(count);
    if (have > most_bytes) return not_read(EFBIG);
    if (count > 0) continue;
    text.resize(have);
    return text;
  }
}

Result<std::string> read_file(const std::string& path, size_t most_bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return not_read(errno);
  Result<std::string> text = read_file(descriptor, most_bytes);
  ::close(descriptor);
  return text;
}

Result<std::string> read_regular_file(const std::string& path, size_t most_bytes) {
  // Without it the opening of a pipe waits for who writes into it.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return not_read(errno);
  struct stat facts {};
  const bool other = ::fstat(descriptor, &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode);
  Result<std::string> text = other ? not_read(ENOTSUP) : read_file(descriptor, most_bytes);
  ::close(descriptor);
  return text;
}

bool is_no_file(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode);
}

std::string cannot_read(const std::string& path, const Error& why) {
  return "cannot read " + path + ": " + std::generic_category().message(why.sys_errno);
}

}  // namespace ingress
