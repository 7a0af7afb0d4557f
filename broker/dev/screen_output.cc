#include "broker/dev/screen_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace ingress::broker::dev {
namespace {

// A pipe that takes anything takes that much at once.
constexpr size_t kChunk = PIPE_BUF;

// The given description is the shell's too, which would find it not to wait. A terminal or a pipe can be opened once
// more; not valid for anything else, and where it is another user's.
uv::OwnedFd opened_again(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || (!S_ISFIFO(status.st_mode) && isatty(fd) != 1)) return {};
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return uv::OwnedFd(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

ScreenOutput::ScreenOutput(int fd) : given_(fd), own_(opened_again(fd)) {}

bool ScreenOutput::takes_more() const {
  pollfd polled{descriptor(), POLLOUT, 0};
  return poll(&polled, 1, 0) == 1 && (polled.revents & POLLOUT) != 0;
}

// How much of it went, or is nobody's to read.
size_t ScreenOutput::put(std::string_view text) const {
  size_t done = 0;
  while (done < text.size() && takes_more()) {
    const std::string_view chunk = text.substr(done, kChunk);
    const ssize_t count = write(descriptor(), chunk.data(), chunk.size());
    if (count > 0) {
      done += static_cast<size_t>(count);
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      return text.size();
    } else if (errno == EAGAIN) {
      break;
    }
  }
  return done;
}

bool ScreenOutput::finish() {
  rest_.erase(0, put(rest_));
  return rest_.empty();
}

bool ScreenOutput::begin(std::string text) {
  if (!finish()) return false;
  const size_t done = put(text);
  if (done == 0 && !text.empty()) return false;
  rest_ = std::move(text);
  rest_.erase(0, done);
  return true;
}

}  // namespace ingress::broker::dev
