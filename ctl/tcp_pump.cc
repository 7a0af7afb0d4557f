#include "ctl/tcp_pump.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace ingress::ctl {
namespace {

using Progress = TcpWay::Progress;

constexpr size_t kBufferBytes = size_t{64} * 1024;
// What a pipe that is writable takes without blocking.
constexpr size_t kPipeBytes = 4096;

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
    return !broken_;
  }

 private:
  bool over() const { return down_.told && (up_.told || !local_.half_closes); }
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
    broken_ = moved.progress == Progress::kBroken;
  }
  void read_local() {
    const ssize_t size = ::read(local_.in, up_.bytes.data(), up_.bytes.size());
    if (size > 0) {
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
    if (down_.ended && down_.empty() && !std::exchange(down_.told, true)) ::shutdown(local_.out, SHUT_WR);
  }

  // One poll: who may go on does.
  void wait() {
    std::array<pollfd, 3> polled{};
    polled[0] = {reads_local() ? local_.in : -1, POLLIN, 0};
    polled[1] = {down_.empty() ? -1 : local_.out, POLLOUT, 0};
    const int way_events = (reads_way() ? POLLIN : 0) | (up_.empty() ? 0 : POLLOUT);
    polled[2] = {way_events == 0 ? -1 : way_.descriptor(), static_cast<short>(way_events), 0};
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      broken_ = errno != EINTR;
      return;
    }
    if (polled[0].revents != 0) read_local();
    if (polled[1].revents != 0) write_local();
  }

  const LocalEnds local_;
  TcpWay& way_;
  Buffer up_;    // local → way
  Buffer down_;  // way → local
  bool broken_ = false;
};

}  // namespace

bool pump(const LocalEnds& local, TcpWay& way) {
  const auto pump = std::make_unique<Pump>(local, way);
  return pump->run();
}

}  // namespace ingress::ctl
