#include "ctl/tcp_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>

namespace ingress::ctl {
namespace {

using Progress = TcpWay::Progress;

constexpr size_t kBufferBytes = size_t{64} * 1024;
// What a pipe that is writable takes without blocking.
constexpr size_t kPipeBytes = 4096;
// A pipe that has given nothing by then is mute.
constexpr std::chrono::milliseconds kMuteAfter{3000};

// One direction's bytes on their way.
struct Buffer {
  std::array<char, kBufferBytes> bytes;
  size_t begin = 0;
  size_t end = 0;
  bool ended = false;  // nothing follows
  bool told = false;   // and the other side knows

  bool empty() const { return begin == end; }
  void filled(size_t count) {
    begin = 0;
    end = count;
  }
};

ssize_t write_some(int fd, const char* from, size_t size) {
  const ssize_t sent = ::send(fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  return ::write(fd, from, std::min(size, kPipeBytes));
}

// Who reads it is told the end. A pipe's number stays taken, by a file that nobody reads.
void end_output(int fd) {
  if (::shutdown(fd, SHUT_WR) == 0 || errno != ENOTSOCK) return;
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nothing < 0) return;
  ::dup2(nothing, fd);
  ::close(nothing);
}

class Pump {
 public:
  Pump(const LocalEnds& local, TcpWay& way) : local_(local), way_(way) {}

  bool run() {
    while (!broken_ && !over()) {
      read_way();
      write_way();
      tell_ends();
      if (!broken_ && !over()) wait();
    }
    return !broken_ && !unsent_;
  }

 private:
  bool over() const {
    if (!down_.told || up_.told) return down_.told;
    return mute_ || (local_.rest == Rest::kLeft && up_.empty());
  }
  bool reads_local() const { return up_.empty() && !up_.ended; }
  bool reads_way() const { return down_.empty() && !down_.ended; }

  void read_way() {
    if (!reads_way()) return;
    const TcpWay::Moved moved = way_.read(down_.bytes.data(), down_.bytes.size());
    if (moved.progress == Progress::kSome) down_.filled(moved.bytes);
    down_.ended = moved.progress == Progress::kEnd;
    broken_ = broken_ || moved.progress == Progress::kBroken;
  }
  void write_way() {
    if (up_.empty() || broken_) return;
    const TcpWay::Moved moved = way_.write(up_.bytes.data() + up_.begin, up_.end - up_.begin);
    if (moved.progress == Progress::kSome) up_.begin += moved.bytes;
    if (moved.progress == Progress::kBroken) give_up_sending();
  }
  // The far end takes no more. What it has said before that is still read.
  void give_up_sending() {
    unsent_ = true;
    up_.filled(0);
    up_.ended = up_.told = true;
  }
  void read_local() {
    const ssize_t size = ::read(local_.in, up_.bytes.data(), up_.bytes.size());
    if (size > 0) {
      spoke_ = true;
      up_.filled(static_cast<size_t>(size));
    } else if (size == 0) {
      up_.ended = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      broken_ = true;
    }
  }
  void write_local() {
    const ssize_t size = write_some(local_.out, down_.bytes.data() + down_.begin, down_.end - down_.begin);
    if (size >= 0) {
      down_.begin += static_cast<size_t>(size);
    } else if (errno != EINTR && errno != EAGAIN) {
      broken_ = true;
    }
  }
  void tell_ends() {
    if (up_.ended && up_.empty() && !std::exchange(up_.told, true)) way_.half_close();
    if (down_.ended && down_.empty() && !std::exchange(down_.told, true)) end_output(local_.out);
  }

  // How long a poll may take: -1 for any time.
  int patience() const {
    if (local_.rest != Rest::kSentUnlessMute || spoke_ || !down_.told) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(begun_ + kMuteAfter - Clock::now());
    return static_cast<int>(std::max<int64_t>(left.count(), 0));
  }

  // One poll: who may go on does.
  void wait() {
    std::array<pollfd, 3> polled{};
    polled[0] = {reads_local() ? local_.in : -1, POLLIN, 0};
    polled[1] = {down_.empty() ? -1 : local_.out, POLLOUT, 0};
    const int way_events = (reads_way() ? POLLIN : 0) | (up_.empty() ? 0 : POLLOUT);
    // Behind the far end's end a reset alone is news.
    const bool resting = way_events == 0 && !down_.told;
    polled[2] = {resting ? -1 : way_.descriptor(), static_cast<short>(way_events), 0};
    const int ready = ::poll(polled.data(), polled.size(), patience());
    if (ready < 0) {
      broken_ = errno != EINTR;
      return;
    }
    mute_ = ready == 0;
    if (down_.told && (polled[2].revents & (POLLHUP | POLLERR)) != 0) return give_up_sending();
    if (polled[0].revents != 0) read_local();
    if (polled[1].revents != 0) write_local();
  }

  using Clock = std::chrono::steady_clock;

  const LocalEnds local_;
  TcpWay& way_;
  const Clock::time_point begun_ = Clock::now();
  Buffer up_;    // local → way
  Buffer down_;  // way → local
  bool broken_ = false;
  bool unsent_ = false;  // the far end took not all of `in`
  bool spoke_ = false;   // `in` has given something
  bool mute_ = false;    // it has given nothing for so long that nobody waits for it
};

}  // namespace

bool pump(const LocalEnds& local, TcpWay& way) {
  const auto pump = std::make_unique<Pump>(local, way);
  return pump->run();
}

}  // namespace ingress::ctl
