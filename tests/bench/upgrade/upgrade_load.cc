// Messages over upgraded connections, each sent when the one before has come back whole: one thread, epoll, clear.
// upgrade_load PORT HOST CONNECTIONS MESSAGE_BYTES SECONDS, to 127.0.0.1
// Prints {"messages": N, "seconds": S, "p50": S, "p99": S}; exits 1 where a byte is wrong or a connection ends.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/soak/stream.h"
#include "tests/bench/upgrade/upgrade.h"

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "upgrade_load: %s\n", why);
  std::_Exit(1);
}

struct Plan {
  size_t message_bytes = 0;
  Clock::time_point until;
};

// One connection: a message out, the same bytes back, over and over. A message starts with its own number, so that one
// of another time or another connection is told apart.
class PingPong {
 public:
  PingPong(const Plan& plan, std::unique_ptr<soak::Stream> stream, uint64_t number, std::vector<float>& delays)
      : plan_(plan),
        stream_(std::move(stream)),
        message_(plan.message_bytes, 'x'),
        number_(number << 40),
        delays_(delays) {
    for (size_t i = sizeof number_; i < message_.size(); ++i) message_[i] = static_cast<char>('a' + i % 23);
  }

  int fd() const { return stream_->fd(); }

  void start() {
    ++number_;
    std::memcpy(message_.data(), &number_, sizeof number_);
    sent_ = received_ = 0;
    began_ = Clock::now();
    write();
  }

  // True while it is under way: false once a message has come back and the time is up.
  bool on_ready(std::vector<char>& buffer) {
    if (sent_ < message_.size()) write();
    while (true) {
      const ssize_t got = recv(fd(), buffer.data(), std::min(buffer.size(), message_.size() - received_), 0);
      if (got < 0 && errno == EAGAIN) return true;
      if (got <= 0) give_up("a connection ended");
      if (std::memcmp(buffer.data(), message_.data() + received_, static_cast<size_t>(got)) != 0)
        give_up("a wrong byte");
      received_ += static_cast<size_t>(got);
      if (received_ < message_.size()) continue;
      const auto now = Clock::now();
      delays_.push_back(std::chrono::duration<float>(now - began_).count());
      if (now >= plan_.until) return false;
      start();
      // What answers this one raises an event of its own.
      return true;
    }
  }

 private:
  void write() {
    while (sent_ < message_.size()) {
      const ssize_t sent = send(fd(), message_.data() + sent_, message_.size() - sent_, MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) give_up("cannot write");
      sent_ += static_cast<size_t>(sent);
    }
  }

  const Plan& plan_;
  std::unique_ptr<soak::Stream> stream_;
  std::string message_;
  uint64_t number_;
  size_t sent_ = 0;
  size_t received_ = 0;
  Clock::time_point began_;
  std::vector<float>& delays_;
};

std::unique_ptr<PingPong> open(const Plan& plan, int port, const std::string& host, uint64_t number, int epoll,
                               std::vector<float>& delays) {
  std::unique_ptr<soak::Stream> stream = upgrade::open(port, nullptr, host);
  if (stream == nullptr) give_up("an upgrade was refused");
  auto one = std::make_unique<PingPong>(plan, std::move(stream), number, delays);
  const int on = 1;
  setsockopt(one->fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(one->fd(), F_SETFL, O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.ptr = one.get();
  epoll_ctl(epoll, EPOLL_CTL_ADD, one->fd(), &event);
  return one;
}

double percentile(std::vector<float>& delays, double part) {
  if (delays.empty()) give_up("no message came back");
  const auto at = delays.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(delays.size() - 1));
  std::nth_element(delays.begin(), at, delays.end());
  return *at;
}

int load(char** argv) {
  Plan plan;
  plan.message_bytes = std::strtoull(argv[4], nullptr, 10);
  if (plan.message_bytes < sizeof(uint64_t)) give_up("a message has at least 8 bytes");
  std::vector<float> delays;
  delays.reserve(1 << 20);
  std::vector<char> buffer(size_t{256} * 1024);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<PingPong>> all;
  all.reserve(static_cast<size_t>(std::max(std::atoi(argv[3]), 0)));
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    all.push_back(open(plan, std::atoi(argv[1]), argv[2], static_cast<uint64_t>(i), epoll, delays));
  }
  const auto begin = Clock::now();
  plan.until = begin + std::chrono::seconds(std::atoi(argv[5]));
  for (auto& one : all) one->start();
  size_t running = all.size();
  epoll_event events[256];
  while (running > 0) {
    const int count = epoll_wait(epoll, events, 256, 10'000);
    if (count <= 0) give_up("nothing for 10 s");
    for (int i = 0; i < count; ++i) {
      if (!static_cast<PingPong*>(events[i].data.ptr)->on_ready(buffer)) --running;
    }
  }
  const std::chrono::duration<double> seconds = Clock::now() - begin;
  std::printf("{\"messages\": %zu, \"seconds\": %.3f, \"p50\": %.7f, \"p99\": %.7f}\n", delays.size(), seconds.count(),
              percentile(delays, 0.5), percentile(delays, 0.99));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: upgrade_load PORT HOST CONNECTIONS MESSAGE_BYTES SECONDS\n");
    return 2;
  }
  return load(argv);
}
