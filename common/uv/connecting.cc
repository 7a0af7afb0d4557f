#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "common/uv/sock_address.h"
#include "common/uv/stream_socket.h"
#include "common/uv/uv_error.h"

namespace ingress::uv {
namespace {

class StreamConnecting final : public Connecting, private Flushable, private Polled {
 public:
  StreamConnecting(Loop& loop, const Address& address, Connecting::OnDone on_done)
      : loop_(loop), on_done_(std::move(on_done)), on_loopback_(address.is_loopback()) {
    loop_.poller().count_active(1);
  }
  ~StreamConnecting() override {
    if (on_done_ != nullptr) loop_.poller().count_active(-1);
    loop_.forget_flush(*this);
  }

  void start(const Address& address) {
    status_ = address.unix_path.empty() ? start_tcp(address) : start_unix(address.unix_path);
    if (status_ != -EINPROGRESS) loop_.flush_later(*this);
  }

 private:
  // 0, -EINPROGRESS, or another negated errno.
  int start_tcp(const Address& address) {
    sockaddr_storage storage;
    if (!to_sockaddr(address, storage)) return -EINVAL;
    const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (on_loopback_) send_unpaced(fd);
    const bool v6 = storage.ss_family == AF_INET6;
    return connect_to(fd, reinterpret_cast<const sockaddr*>(&storage), v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
  }

  int start_unix(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof name.sun_path) return -ENAMETOOLONG;
    path.copy(name.sun_path, path.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    return connect_to(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  }

  // Takes `fd`. It is polled only once the attempt has begun: before, the kernel would call it hung up.
  int connect_to(int fd, const sockaddr* address, socklen_t size) {
    int status = 0;
    do {
      status = ::connect(fd, address, size) == 0 ? 0 : -errno;
    } while (status == -EINTR);
    fd_ = PolledFd(loop_.poller(), fd, kStreamEvents, *this);
    return fd_.ok() || (status != 0 && status != -EINPROGRESS) ? status : -ENOSPC;
  }

  void on_ready(uint32_t events) override {
    if (status_ != -EINPROGRESS || (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0) return;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    finish(-error, events);
  }

  void flush() override { finish(status_, EPOLLIN); }

  // A local port that nobody listens on can, by chance, be connected to itself.
  bool connected_to_itself() const {
    if (!on_loopback_) return false;
    const Address local = local_of(fd_.fd());
    const Address peer = peer_of(fd_.fd());
    return local.port == peer.port && local.ip == peer.ip;
  }

  void finish(int status, uint32_t events) {
    const Connecting::OnDone on_done = std::exchange(on_done_, nullptr);  // its call may destroy this attempt
    loop_.poller().count_active(-1);
    if (status == 0 && connected_to_itself()) status = -ECONNREFUSED;
    status_ = status;
    if (status == 0) {
      on_done(std::make_unique<StreamSocket>(loop_, std::move(fd_), events));
      return;
    }
    Error error = uv_error(ErrorCode::kConnectFailed, status, "connect");
    error.retryable = true;
    on_done(tl::unexpected(error));
  }

  Loop& loop_;
  PolledFd fd_;
  Connecting::OnDone on_done_;
  int status_ = 0;
  bool on_loopback_;
};

}  // namespace

std::unique_ptr<Connecting> Connecting::connect(Loop& loop, const Address& address, OnDone on_done) {
  auto attempt = std::make_unique<StreamConnecting>(loop, address, std::move(on_done));
  attempt->start(address);
  return attempt;
}

}  // namespace ingress::uv
