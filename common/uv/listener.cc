#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <thread>
#include <utility>

#include "common/uv/bind_tcp.h"
#include "common/uv/file_limit.h"
#include "common/uv/inherited_sockets.h"
#include "common/uv/sock_address.h"
#include "common/uv/socket_file.h"
#include "common/uv/stream_socket.h"
#include "common/uv/timer.h"
#include "common/uv/uv_error.h"

namespace ingress::uv {
namespace {

constexpr int kBacklog = 4096;
// Of one turn of the loop: what waits behind them is told again.
constexpr int kMostBinds = 20;
constexpr Duration kBindPause{100};
constexpr int kMostAccepts = 64;
// How long nothing is accepted at a time where too many descriptors are open.
constexpr Duration kRest{20};

tl::unexpected<Error> failed(int uv_status, const char* context) {
  return tl::unexpected(uv_error(ErrorCode::kIo, uv_status, context));
}

// A descriptor kept in reserve. Where they have run out it is let go, so that what waits can be accepted and closed and
// nothing spins on a connection that cannot be taken.
class Reserve {
 public:
  Reserve() : fd_(open("/", O_RDONLY | O_CLOEXEC)) {}
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;
  ~Reserve() {
    if (fd_ >= 0) close(fd_);
  }
  // False where there is no reserve either.
  bool turn_away(int listening_fd) {
    if (fd_ < 0) return false;
    close(fd_);
    const int refused = accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (refused >= 0) close(refused);
    fd_ = open("/", O_RDONLY | O_CLOEXEC);
    return refused >= 0;
  }

 private:
  int fd_;
};

class StreamListener final : public Listener, private Polled {
 public:
  StreamListener(Loop& loop, int fd, Listener::OnAccept on_accept)
      : loop_(loop),
        // Of several loops that share a listener, one is woken for each connection.
        fd_(loop.poller(), fd, EPOLLIN | EPOLLEXCLUSIVE, *this),
        on_accept_(std::make_shared<const Listener::OnAccept>(std::move(on_accept))) {
    loop_.poller().count_active(1);
  }
  ~StreamListener() override {
    loop_.poller().count_active(-1);
    // Another loop may have it, too: a registration that is left would take its wake-ups.
    const OwnedFd closed(fd_.release());
  }

  void set_limit(int descriptors, MakeRoom make_room) override {
    limit_ = descriptors;
    make_room_ = std::move(make_room);
  }

  Address local() const override {
    if (unix_path_.empty()) return local_of(listening_fd());
    Address address;
    address.unix_path = unix_path_;
    return address;
  }

  OwnedFd share() const override { return OwnedFd(fcntl(listening_fd(), F_DUPFD_CLOEXEC, 0)); }

  // `own`: the file goes with the listener.
  void set_path(const std::string& path, bool own) {
    unix_path_ = path;
    if (own) file_ = SocketFile(path);
  }

  bool polled() const { return fd_.ok(); }

 private:
  void on_ready(uint32_t) override {
    Loop& loop = loop_;  // a call of on_accept may destroy this listener
    const Poller::Ticket ticket = fd_.ticket();
    const auto on_accept = on_accept_;
    for (int i = 0; i < kMostAccepts && loop.poller().holds(ticket); ++i) {
      // Who makes room is closed at the end of this turn.
      if (near_limit_ && lowest_free_descriptor() >= limit_) return make_room_() ? void() : rest();
      const int accepted = accept4(ticket.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted >= 0) {
        std::unique_ptr<Socket> socket = StreamSocket::take(loop, accepted);
        if (socket != nullptr) (*on_accept)(std::move(socket));
        if (!loop.poller().holds(ticket)) return;
        if (limit_ > 0 && accepted + 1 >= limit_) near_limit_ = true;
      } else if (limit_ > 0 && (errno == EMFILE || errno == ENFILE)) {
        return rest();
      } else if (!may_go_on(errno)) {
        return;
      }
    }
  }

  int listening_fd() const { return resting_.valid() ? resting_.get() : fd_.fd(); }

  // Accepts nothing until a descriptor below the limit is free.
  void rest() {
    resting_ = OwnedFd(fd_.release());
    if (look_ == nullptr) look_ = std::make_unique<Timer>(loop_, [this] { look(); });
    look_->start(kRest, kRest);
  }
  void look() {
    if (lowest_free_descriptor() >= limit_) {
      make_room_();
      return;
    }
    look_->stop();
    fd_ = PolledFd(loop_.poller(), resting_.release(), EPOLLIN | EPOLLEXCLUSIVE, *this);
  }

  // An error is one connection's that did not come to be.
  bool may_go_on(int error) {
    if (error == EMFILE || error == ENFILE) return reserve_.turn_away(fd_.fd());
    return error == EINTR || error == ECONNABORTED;
  }

  Loop& loop_;
  PolledFd fd_;
  Reserve reserve_;
  std::shared_ptr<const Listener::OnAccept> on_accept_;
  std::string unix_path_;
  SocketFile file_;
  int limit_ = 0;  // 0: none
  // It was reached before: from then on each accept looks first, for descriptors come free in any order.
  bool near_limit_ = false;
  MakeRoom make_room_;  // never destroys this listener
  OwnedFd resting_;     // while nothing is accepted
  std::unique_ptr<Timer> look_;
};

// 0, or the negated errno for which the path cannot be bound.
int clear_path(const sockaddr_un& name) {
  struct stat at_path {};
  if (lstat(name.sun_path, &at_path) != 0) return errno == ENOENT ? 0 : -errno;
  if (!S_ISSOCK(at_path.st_mode)) return -EADDRINUSE;
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return -errno;
  const bool refused =
      connect(probe, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 && errno == ECONNREFUSED;
  close(probe);
  if (!refused) return -EADDRINUSE;
  return unlink(name.sun_path) == 0 ? 0 : -errno;
}

// A bound Unix socket, or a negated errno. Nobody can connect before listen(), so the mode is in force from the start.
int bind_unix(const std::string& path, int mode) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return -ENAMETOOLONG;
  path.copy(name.sun_path, path.size());
  if (const int status = clear_path(name); status != 0) return status;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      chmod(name.sun_path, static_cast<mode_t>(mode)) != 0) {
    const int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

// Listens on a bound `fd`, which it takes.
Result<std::unique_ptr<StreamListener>> start(Loop& loop, int fd, Listener::OnAccept on_accept) {
  // Accepted sockets inherit both: no system call for each. (An error where it is a Unix socket.)
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (local_of(fd).is_loopback()) send_unpaced(fd);
  if (::listen(fd, kBacklog) != 0) {
    const int error = errno;
    close(fd);
    return failed(-error, "listen");
  }
  auto listener = std::make_unique<StreamListener>(loop, fd, std::move(on_accept));
  if (!listener->polled()) return failed(-ENOSPC, "listen");
  return listener;
}

int bind_once(const Address& address, int mode) {
  return address.unix_path.empty() ? bind_tcp(address) : bind_unix(address.unix_path, mode);
}

// A bound socket, or a negated errno. A process that is being replaced may hold the address for a moment more; nothing
// of this one runs yet.
int bind_to(const Address& address, int mode) {
  for (int tries = 1;; ++tries) {
    const int fd = bind_once(address, mode);
    if (fd != -EADDRINUSE || tries == kMostBinds) return fd;
    std::this_thread::sleep_for(kBindPause);
  }
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::adopt(Loop& loop, OwnedFd fd, OnAccept on_accept) {
  if (!fd.valid()) return failed(-EMFILE, "sharing a listener");
  auto listener = start(loop, fd.release(), std::move(on_accept));
  if (!listener) return tl::unexpected(listener.error());
  return std::move(*listener);
}

Result<OwnedFd> bind_listener(const Address& address, int mode) {
  OwnedFd fd(bind_to(address, mode));
  if (!fd.valid()) return failed(fd.get(), "bind");
  if (::listen(fd.get(), kBacklog) != 0) return failed(-errno, "listen");
  return fd;
}

Result<std::unique_ptr<Listener>> Listener::listen(Loop& loop, const Address& address, OnAccept on_accept, int mode) {
  OwnedFd inherited = take_inherited_socket(address);
  const bool own = !inherited.valid();
  const int fd = own ? bind_to(address, mode) : inherited.release();
  if (fd < 0) return failed(fd, "bind");
  auto listener = start(loop, fd, std::move(on_accept));
  if (!listener) return tl::unexpected(listener.error());
  if (!address.unix_path.empty()) (*listener)->set_path(address.unix_path, own);
  return std::move(*listener);
}

}  // namespace ingress::uv
