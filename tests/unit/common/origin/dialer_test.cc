// Addresses that are silent: a port of this machine whose queue of connections is full, so that the kernel drops what
// comes until there is room, and the next try is a second later.
#include "common/origin/dialer.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "tests/unit/common/origin/fake_origin.h"

using namespace ingress;
using namespace ingress::origin;
using origin::test::FakeOrigin;
using origin::test::run_until;

namespace {

// On 127.0.0.1, at `port` or any.
class SilentPort {
 public:
  explicit SilentPort(int port = 0) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_.sin_port = htons(static_cast<uint16_t>(port));
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    REQUIRE(::bind(listener_, raw(), sizeof address_) == 0);
    REQUIRE(::listen(listener_, 0) == 0);
    socklen_t size = sizeof address_;
    ::getsockname(listener_, raw(), &size);
    for (int i = 0; i < kFill; ++i) {
      waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      static_cast<void>(::connect(waiting_.back(), raw(), sizeof address_));
    }
  }
  ~SilentPort() {
    for (const int fd : waiting_) ::close(fd);
    ::close(listener_);
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  int port() const { return ntohs(address_.sin_port); }
  // There is room from now on.
  void make_room() {
    for (const int fd : waiting_) ::close(fd);
    waiting_.clear();
    for (int i = 0; i < kFill; ++i) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd >= 0) ::close(fd);
    }
    REQUIRE(::listen(listener_, kRoom) == 0);
  }

 private:
  static constexpr int kFill = 4;
  static constexpr int kRoom = 64;

  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&address_); }

  sockaddr_in address_{};
  int listener_ = -1;
  std::vector<int> waiting_;
};

struct Dial final : DialHandler {
  void on_dialed(std::unique_ptr<uv::Socket> with, size_t at) override {
    socket = std::move(with);
    index = at;
  }
  void on_dial_failed(const Error& error) override { failure = error; }
  bool over() const { return socket != nullptr || failure; }

  std::unique_ptr<uv::Socket> socket;
  size_t index = 0;
  std::optional<Error> failure;
};

Target local(int port) { return Target{{{"127.0.0.1", port, {}}, {"::1", port, {}}}, {}, 0, "local"}; }

}  // namespace

TEST_CASE("a silent address has all of the time, though the other one refuses") {
  uv::Loop loop;
  SilentPort port;
  Dial dial;
  Dialer dialer(loop, dial);
  // The kernel's second try is a second after the first: behind the middle of this time.
  dialer.start(local(port.port()), 0, Duration{1900});
  loop.defer([&port] { port.make_room(); });
  run_until(loop, [&dial] { return dial.over(); });
  CHECK(dial.socket != nullptr);
  CHECK(dial.index == 0);
}

TEST_CASE("a silent address does not hold up the other one") {
  uv::Loop loop;
  if (!uv::Listener::listen(loop, *uv::Address::parse("[::1]:0"), [](std::unique_ptr<uv::Socket>) {})) return;
  FakeOrigin origin(loop, {}, "[::1]:0");
  SilentPort port(origin.port);
  Dial dial;
  Dialer dialer(loop, dial);
  dialer.start(local(origin.port), 0, Duration{600'000});
  run_until(loop, [&dial] { return dial.over(); });
  CHECK(dial.socket != nullptr);
  CHECK(dial.index == 1);
}

TEST_CASE("where one address is silent to the end and the other refuses, it is a timeout") {
  uv::Loop loop;
  SilentPort port;
  for (const size_t first : {size_t{0}, size_t{1}}) {
    CAPTURE(first);
    Dial dial;
    Dialer dialer(loop, dial);
    dialer.start(local(port.port()), first, Duration{400});
    run_until(loop, [&dial] { return dial.over(); });
    REQUIRE(dial.failure.has_value());
    CHECK(dial.failure->code == ErrorCode::kTimeout);
    CHECK(dial.failure->sys_errno == ETIMEDOUT);
  }
}

TEST_CASE("an origin that is there gets one connection") {
  uv::Loop loop;
  FakeOrigin origin(loop, {});
  Dial dial;
  Dialer dialer(loop, dial);
  dialer.start(local(origin.port), 0, Duration{10'000});
  run_until(loop, [&dial, &origin] { return dial.over() && !origin.peers.empty(); });
  CHECK(dial.index == 0);
  CHECK(origin.peers.size() == 1);
}

TEST_CASE("an attempt that is given up while an address is silent tells nothing") {
  uv::Loop loop;
  SilentPort port;
  Dial dial, after;
  Dialer dialer(loop, dial), next(loop, after);
  dialer.start(local(port.port()), 0, Duration{10'000});
  next.start(local(port.port()), 0, Duration{400});
  loop.defer([&dialer] { dialer.cancel(); });
  run_until(loop, [&after] { return after.over(); });
  CHECK_FALSE(dial.over());
}
