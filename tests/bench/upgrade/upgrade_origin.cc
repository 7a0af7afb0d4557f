// An origin that accepts every Upgrade and sends back each byte that follows: one thread, epoll.
// upgrade_origin PORT, on 127.0.0.1
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t kReadBytes = size_t{256} * 1024;
constexpr std::string_view kAnswer =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

// What a connection still has to send, and the head as far as it has come. An upgraded connection that has sent all
// holds no memory of its own but this.
struct Peer {
  std::string head;
  std::string unsent;
  bool upgraded = false;
};

class Origin {
 public:
  explicit Origin(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(kReadBytes) {
    watch(listener_, EPOLL_CTL_ADD, EPOLLIN);
  }

  [[noreturn]] void run() {
    epoll_event events[256];
    while (true) {
      const int count = epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < count; ++i) {
        if (events[i].data.fd == listener_) {
          accept_all();
        } else if (!serve(events[i].data.fd, peers_[events[i].data.fd])) {
          close(events[i].data.fd);
          peers_.erase(events[i].data.fd);
        }
      }
    }
  }

 private:
  void watch(int fd, int operation, uint32_t wanted) const {
    epoll_event event{};
    event.events = wanted;
    event.data.fd = fd;
    epoll_ctl(epoll_, operation, fd, &event);
  }

  void accept_all() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      peers_[fd] = {};
      watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
  }

  // False where the connection is over. Nothing is read while something is unsent.
  bool serve(int fd, Peer& peer) {
    if (!peer.unsent.empty()) {
      const std::string rest = std::move(peer.unsent);
      peer.unsent.clear();
      if (!send_back(fd, peer, rest)) return false;
      if (peer.unsent.empty()) watch(fd, EPOLL_CTL_MOD, EPOLLIN);
      return true;
    }
    const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return false;
    const std::string_view bytes(buffer_.data(), static_cast<size_t>(got));
    return peer.upgraded ? send_back(fd, peer, bytes) : upgrade(fd, peer, bytes);
  }

  bool upgrade(int fd, Peer& peer, std::string_view bytes) {
    peer.head += bytes;
    const size_t end = peer.head.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    const std::string answer = std::string(kAnswer) + peer.head.substr(end + 4);
    std::string().swap(peer.head);
    peer.upgraded = true;
    return send_back(fd, peer, answer);
  }

  bool send_back(int fd, Peer& peer, std::string_view bytes) const {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    bytes.remove_prefix(sent < 0 ? 0 : static_cast<size_t>(sent));
    if (bytes.empty()) return true;
    peer.unsent = bytes;
    watch(fd, EPOLL_CTL_MOD, EPOLLOUT);
    return true;
  }

  int listener_;
  int epoll_;
  std::vector<char> buffer_;
  std::unordered_map<int, Peer> peers_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: upgrade_origin PORT\n");
    return 2;
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 4096) != 0) {
    std::perror("upgrade_origin");
    return 1;
  }
  Origin(listener).run();
}
