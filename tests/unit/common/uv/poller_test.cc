#include "common/uv/poller.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>

using namespace ingress::uv;

namespace {

struct Seen final : Polled {
  void on_ready(uint32_t events) override {
    last = events;
    ++count;
    if (then) then();
  }
  uint32_t last = 0;
  int count = 0;
  std::function<void()> then;
};

struct Pair {
  Pair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0); }
  std::array<int, 2> fds;
};

void turn(Poller& poller) {
  poller.wait(0);
  poller.dispatch();
}

}  // namespace

TEST_CASE("a change is told once, and the next one again") {
  Poller poller;
  Pair pair;
  Seen seen;
  PolledFd polled(poller, pair.fds[0], kStreamEvents, seen);
  turn(poller);
  CHECK(seen.last == EPOLLOUT);
  turn(poller);
  CHECK(seen.count == 1);
  REQUIRE(write(pair.fds[1], "x", 1) == 1);
  turn(poller);
  CHECK((seen.last & EPOLLIN) != 0);
  turn(poller);
  CHECK(seen.count == 2);
  REQUIRE(write(pair.fds[1], "x", 1) == 1);
  turn(poller);
  CHECK(seen.count == 3);
  close(pair.fds[1]);
  turn(poller);
  CHECK((seen.last & EPOLLRDHUP) != 0);
}

TEST_CASE("who stopped early is called after the next look, which does not wait") {
  Poller poller;
  Pair pair;
  Seen seen;
  PolledFd polled(poller, pair.fds[0], kStreamEvents, seen);
  turn(poller);
  polled.again();
  CHECK(poller.has_again());
  poller.wait(-1);
  poller.dispatch();
  CHECK(seen.count == 2);
  CHECK(seen.last == 0);
  CHECK_FALSE(poller.has_again());
  close(pair.fds[1]);
}

TEST_CASE("events of a registration that has ended are nobody's, even where the descriptor has a new life") {
  Poller poller;
  Pair first;
  Pair second;
  Seen one, two, later;
  PolledFd a(poller, first.fds[0], kStreamEvents, one);
  auto b = std::make_unique<PolledFd>(poller, second.fds[0], kStreamEvents, two);
  const int number = second.fds[0];
  PolledFd reborn;
  one.then = [&] {
    if (b == nullptr) return;
    b.reset();
    const int fd = fcntl(first.fds[1], F_DUPFD_CLOEXEC, 0);
    REQUIRE(fd == number);
    reborn = PolledFd(poller, fd, kStreamEvents, later);
  };
  turn(poller);  // both have news; the first one's callback ends the second
  CHECK(one.count == 1);
  CHECK(two.count == 0);
  CHECK(later.count == 0);
  turn(poller);
  CHECK(later.count == 1);
  close(first.fds[1]);
  close(second.fds[1]);
}

TEST_CASE("a released descriptor stays open and is polled by another only") {
  Poller poller;
  Poller other;
  Pair pair;
  Seen here, there;
  PolledFd polled(poller, pair.fds[0], kStreamEvents, here);
  turn(poller);
  const int fd = polled.release();
  REQUIRE(fd == pair.fds[0]);
  CHECK_FALSE(polled.ok());
  PolledFd adopted(other, fd, kStreamEvents, there);
  REQUIRE(write(pair.fds[1], "x", 1) == 1);
  CHECK_FALSE(poller.wait(0));
  poller.dispatch();
  turn(other);
  CHECK(here.count == 1);
  CHECK(there.count == 1);
  close(pair.fds[1]);
}
