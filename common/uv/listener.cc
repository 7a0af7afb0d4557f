#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "common/uv/sock_address.h"
#include "common/uv/stream_socket.h"
#include "common/uv/uv_error.h"

namespace ingress::uv {
namespace {

constexpr int kBacklog = 4096;

tl::unexpected<Error> failed(int uv_status, const char* context) {
  return tl::unexpected(uv_error(ErrorCode::kIo, uv_status, context));
}

class StreamListener final : public Listener {
 public:
  StreamListener(Loop& loop, StreamHandle handle, Listener::OnAccept on_accept)
      : loop_(loop),
        handle_(std::move(handle)),
        on_accept_(std::make_shared<const Listener::OnAccept>(std::move(on_accept))) {
    handle_.stream()->data = this;
  }
  ~StreamListener() override {
    // The path may by now be a newer listener's.
    struct stat at_path {};
    if (!unix_path_.empty() && stat(unix_path_.c_str(), &at_path) == 0 && at_path.st_ino == inode_) {
      unlink(unix_path_.c_str());
    }
  }

  Address local() const override {
    if (unix_path_.empty()) return handle_.local();
    Address address;
    address.unix_path = unix_path_;
    return address;
  }

  void owns_path(const std::string& path) {
    struct stat at_path {};
    if (stat(path.c_str(), &at_path) != 0) return;
    unix_path_ = path;
    inode_ = at_path.st_ino;
  }

  int start() {
    const auto on_connection = [](uv_stream_t* stream, int status) {
      // An error is one connection's that did not come to be; where descriptors ran out, libuv has accepted and closed
      // what waited, so that nothing spins.
      if (status == 0) static_cast<StreamListener*>(stream->data)->accept();
    };
    return uv_listen(handle_.stream(), kBacklog, on_connection);
  }

 private:
  void accept() {
    StreamHandle accepted(loop_, handle_.is_tcp() ? StreamHandle::Kind::kTcp : StreamHandle::Kind::kUnix);
    if (uv_accept(handle_.stream(), accepted.stream()) != 0) return;
    const auto on_accept = on_accept_;  // its call may destroy this listener
    (*on_accept)(std::make_unique<StreamSocket>(loop_, std::move(accepted)));
  }

  Loop& loop_;
  StreamHandle handle_;
  std::shared_ptr<const Listener::OnAccept> on_accept_;
  std::string unix_path_;
  ino_t inode_ = 0;
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
  ::close(probe);
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
    ::close(fd);
    return -error;
  }
  return fd;
}

Result<std::unique_ptr<Listener>> listen_unix(Loop& loop, const std::string& path, Listener::OnAccept on_accept,
                                              int mode) {
  const int fd = bind_unix(path, mode);
  if (fd < 0) return failed(fd, "bind a Unix socket");
  StreamHandle handle(loop, StreamHandle::Kind::kUnix);
  if (const int status = uv_pipe_open(handle.pipe(), fd); status != 0) {
    ::close(fd);
    return failed(status, "bind a Unix socket");
  }
  auto listener = std::make_unique<StreamListener>(loop, std::move(handle), std::move(on_accept));
  listener->owns_path(path);
  if (const int status = listener->start(); status != 0) return failed(status, "listen");
  return listener;
}

Result<std::unique_ptr<Listener>> listen_tcp(Loop& loop, const Address& address, Listener::OnAccept on_accept) {
  sockaddr_storage storage;
  if (!to_sockaddr(address, storage)) return failed(UV_EINVAL, "listen address");
  StreamHandle handle(loop, StreamHandle::Kind::kTcp);
  // libuv sets SO_REUSEADDR, and takes IPv4 on [::] too.
  if (const int status = uv_tcp_bind(handle.tcp(), reinterpret_cast<sockaddr*>(&storage), 0); status != 0) {
    return failed(status, "bind");
  }
  // Accepted sockets inherit it: no system call for each.
  const int on = 1;
  setsockopt(handle.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto listener = std::make_unique<StreamListener>(loop, std::move(handle), std::move(on_accept));
  if (const int status = listener->start(); status != 0) return failed(status, "listen");
  return listener;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::listen(Loop& loop, const Address& address, OnAccept on_accept, int mode) {
  if (!address.unix_path.empty()) return listen_unix(loop, address.unix_path, std::move(on_accept), mode);
  return listen_tcp(loop, address, std::move(on_accept));
}

}  // namespace ingress::uv
