#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/uv/file_limit.h"
#include "common/uv/free_address.h"
#include "common/uv/owned_fd.h"
#include "common/uv/socket.h"
#include "common/uv/timer.h"
#include "tests/unit/common/uv/socket_pair.h"

using namespace ingress;
using namespace ingress::uv;
using namespace ingress::test;

namespace {

struct Connected {
  std::unique_ptr<Socket> accepted;
  std::unique_ptr<Socket> connected;
};

// What a listener takes where a client dials `target`.
Connected dial(Loop& loop, Address target, const char* listening) {
  Connected both;
  auto listener = Listener::listen(loop, *Address::parse(listening), [&both, &loop](std::unique_ptr<Socket> socket) {
    both.accepted = std::move(socket);
    if (both.connected != nullptr) loop.stop();
  });
  REQUIRE(listener.has_value());
  target.port = (*listener)->local().port;
  REQUIRE(target.port != 0);
  auto connecting = Connecting::connect(loop, target, [&both, &loop](Result<std::unique_ptr<Socket>> result) {
    if (result) both.connected = std::move(*result);
    if (!result || both.accepted != nullptr) loop.stop();
  });
  loop.run();
  return both;
}

// How the accepted socket calls its peer and itself.
std::string ips_of_accepted(Loop& loop, const Address& target, const char* listening) {
  const Connected both = dial(loop, target, listening);
  return both.accepted == nullptr ? "nobody" : both.accepted->peer().ip + " " + both.accepted->local().ip;
}

std::string congestion_control(int fd) {
  char name[16] = {};
  socklen_t size = sizeof name;
  REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0);
  return name;
}

// That of a socket of which nobody has said anything.
std::string usual_congestion_control() {
  const OwnedFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return congestion_control(fd.get());
}

bool has_ipv6() { return is_free({"::1", 0, ""}); }

}  // namespace

TEST_CASE("a listener on [::] or 0.0.0.0 takes IPv4 and calls its peer by the IPv4 address") {
  for (const char* listening : {"[::]:0", "0.0.0.0:0", ":0"}) {
    CAPTURE(listening);
    Loop loop;
    CHECK(ips_of_accepted(loop, loopback(), listening) == "127.0.0.1 127.0.0.1");
  }
}

TEST_CASE("a listener on [::] or 0.0.0.0 takes IPv6, too") {
  if (!has_ipv6()) return;
  for (const char* listening : {"[::]:0", "0.0.0.0:0"}) {
    CAPTURE(listening);
    Loop loop;
    CHECK(ips_of_accepted(loop, {"::1", 0, ""}, listening) == "::1 ::1");
  }
}

TEST_CASE("0.0.0.0 is free where both families are") {
  if (!has_ipv6()) return;
  Loop loop;
  auto six = Listener::listen(loop, {"::1", 0, ""}, [](std::unique_ptr<Socket>) {});
  REQUIRE(six.has_value());
  const int port = (*six)->local().port;
  CHECK_FALSE(is_free({"0.0.0.0", port, ""}));
  CHECK(is_free({"127.0.0.1", port, ""}));
  six->reset();
  CHECK(is_free({"0.0.0.0", port, ""}));
}

TEST_CASE("both ends of a connection that cannot leave this machine send unpaced") {
  Loop loop;
  const Connected both = dial(loop, loopback(), "127.0.0.1:0");
  REQUIRE(both.accepted != nullptr);
  CHECK(congestion_control(both.accepted->release().get()) == "reno");
  CHECK(congestion_control(both.connected->release().get()) == "reno");
}

TEST_CASE("who comes to a listener that others can reach is sent to as the system says") {
  Loop loop;
  const Connected both = dial(loop, loopback(), "0.0.0.0:0");
  REQUIRE(both.accepted != nullptr);
  CHECK(congestion_control(both.accepted->release().get()) == usual_congestion_control());
}

TEST_CASE("connecting to a port where nobody listens fails, retryably") {
  Loop loop;
  int port = 0;
  {
    auto listener = Listener::listen(loop, loopback(), [](std::unique_ptr<Socket>) {});
    port = (*listener)->local().port;
  }
  Address target = loopback();
  target.port = port;
  int calls = 0;
  std::unique_ptr<Connecting> connecting;
  connecting = Connecting::connect(loop, target, [&calls, &connecting](Result<std::unique_ptr<Socket>> result) {
    ++calls;
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::kConnectFailed);
    CHECK(result.error().sys_errno == ECONNREFUSED);
    CHECK(result.error().retryable);
    connecting.reset();
  });
  CHECK(calls == 0);
  loop.run();
  CHECK(calls == 1);
}

TEST_CASE("an attempt to connect that is given up calls nobody") {
  Loop loop;
  int accepted = 0;
  auto listener = Listener::listen(loop, loopback(), [&accepted, &loop](std::unique_ptr<Socket>) {
    ++accepted;
    loop.stop();
  });
  auto connecting =
      Connecting::connect(loop, (*listener)->local(), [](Result<std::unique_ptr<Socket>>) { FAIL("called"); });
  connecting.reset();
  loop.run();
  CHECK(accepted == 1);
}

TEST_CASE("a taken port is an error with its errno") {
  Loop loop;
  auto first = Listener::listen(loop, loopback(), [](std::unique_ptr<Socket>) {});
  REQUIRE(first.has_value());
  const auto second = Listener::listen(loop, (*first)->local(), [](std::unique_ptr<Socket>) {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().sys_errno == EADDRINUSE);
}

TEST_CASE("a Unix socket has its mode, replaces a stale file, refuses a live one and is unlinked") {
  TemporaryFolder folder;
  Loop loop;
  Address address;
  address.unix_path = std::string(folder.path) + "/admin.sock";
  struct stat found {};
  {
    auto first = Listener::listen(
        loop, address, [](std::unique_ptr<Socket>) {}, 0640);
    REQUIRE(first.has_value());
    CHECK((*first)->local().unix_path == address.unix_path);
    REQUIRE(stat(address.unix_path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0640);
    const auto second = Listener::listen(loop, address, [](std::unique_ptr<Socket>) {});
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().sys_errno == EADDRINUSE);
    // As a kill would leave it: a second name keeps the file when the listener unlinks its own.
    const std::string kept = address.unix_path + ".kept";
    std::filesystem::create_hard_link(address.unix_path, kept);
  }
  CHECK(stat(address.unix_path.c_str(), &found) != 0);
  std::filesystem::rename(address.unix_path + ".kept", address.unix_path);
  CHECK(Listener::listen(loop, address, [](std::unique_ptr<Socket>) {}).has_value());
  CHECK(stat(address.unix_path.c_str(), &found) != 0);
}

TEST_CASE("a path that is too long, or that is no socket, is refused") {
  TemporaryFolder folder;
  Loop loop;
  Address address;
  address.unix_path = std::string(folder.path) + "/" + std::string(200, 'x');
  const auto too_long = Listener::listen(loop, address, [](std::unique_ptr<Socket>) {});
  REQUIRE_FALSE(too_long.has_value());
  CHECK(too_long.error().sys_errno == ENAMETOOLONG);
  address.unix_path = folder.path;
  const auto folder_itself = Listener::listen(loop, address, [](std::unique_ptr<Socket>) {});
  REQUIRE_FALSE(folder_itself.has_value());
  CHECK(folder_itself.error().sys_errno == EADDRINUSE);
}

TEST_CASE("numeric names resolve later but without a look-up, localhost to loopback, nonsense to an error") {
  Loop loop;
  std::vector<std::string> found;
  const auto collect = [&found](Result<std::vector<Address>> result) {
    REQUIRE(result.has_value());
    for (const Address& address : *result) found.push_back(address.to_text());
  };
  auto v4 = Resolving::resolve(loop, "192.0.2.7", 80, collect);
  CHECK(found.empty());
  loop.run();
  CHECK(found == std::vector<std::string>{"192.0.2.7:80"});
  auto v6 = Resolving::resolve(loop, "2001:db8::7", 443, collect);
  loop.run();
  CHECK(found.back() == "[2001:db8::7]:443");
  for (const char* name : {"localhost", "LOCALHOST.", "4096__dev.localhost"}) {
    CAPTURE(name);
    found.clear();
    auto local = Resolving::resolve(loop, name, 3000, collect);
    CHECK(found.empty());
    loop.run();
    CHECK(found == std::vector<std::string>{"127.0.0.1:3000", "[::1]:3000"});
  }
  int failures = 0;
  auto none = Resolving::resolve(loop, "no name at all", 80, [&failures](Result<std::vector<Address>> result) {
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::kResolveFailed);
    ++failures;
  });
  loop.run();
  CHECK(failures == 1);
  for (const char* name : {"localhost", "no.name.invalid"}) {
    Resolving::resolve(loop, name, 1, [](const Result<std::vector<Address>>&) { FAIL("given up"); }).reset();
  }
  loop.run();
}

TEST_CASE("beyond its limit of descriptors a listener asks for room, and rests where there is none") {
  Loop loop;
  std::vector<std::unique_ptr<Socket>> accepted;
  bool room = true;
  int asked = 0;
  auto listener = Listener::listen(
      loop, loopback(), [&accepted](std::unique_ptr<Socket> socket) { accepted.push_back(std::move(socket)); });
  REQUIRE(listener.has_value());
  const int limit = lowest_free_descriptor() + 6;
  (*listener)->set_limit(limit, [&room, &asked, &accepted] {
    ++asked;
    if (room) accepted.erase(accepted.begin());
    return room;
  });
  // Clients of another kind would share the descriptors: these are connected by the kernel alone.
  std::vector<OwnedFd> clients;
  const auto connect_one = [&clients, &listener] {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>((*listener)->local().port));
    clients.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(clients.back().get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  };
  Timer look(loop, [&loop] { loop.stop(); });
  const auto run_until = [&loop, &look](const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) {
      look.start(Duration{5});
      loop.run();
    }
    REQUIRE(done());
  };
  for (int i = 0; i < 4; ++i) connect_one();
  run_until([&asked] { return asked > 0; });
  room = false;
  const int before = asked;
  for (int i = 0; i < 4; ++i) connect_one();
  run_until([&asked, before] { return asked > before; });
  const size_t held = accepted.size();
  for (int i = 0; i < 4; ++i) {
    look.start(Duration{30});
    loop.run();
  }
  CHECK(accepted.size() == held);
  CHECK(asked > before + 1);
  // What waited in the queue is accepted when descriptors are free again.
  clients.erase(clients.begin(), clients.begin() + 6);
  room = true;
  run_until([&accepted, held] { return accepted.size() > held; });
}
