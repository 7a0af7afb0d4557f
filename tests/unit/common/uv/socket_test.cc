#include "common/uv/socket.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/uv/loop.h"

using namespace ingress;
using namespace ingress::uv;

namespace {

// One end of a connection, and what it saw.
struct End final : SocketHandler {
  explicit End(std::unique_ptr<Socket> with) : socket(std::move(with)) { socket->set_handler(this); }

  size_t read_limit() override { return limit; }
  void on_read(MutableBytes bytes) override {
    largest = std::max(largest, bytes.size());
    received += as_text(bytes);
    if (then_read) then_read();
  }
  void on_read_end() override {
    ended = true;
    if (then_end) then_end();
  }
  void on_failed(const Error& error) override {
    failed = error;
    ++failures;
    if (then_failed) then_failed();
  }
  void on_write_drained() override {
    ++drained;
    if (then_drained) then_drained();
  }

  std::unique_ptr<Socket> socket;
  std::string received;
  size_t limit = Loop::kReadBufferBytes;
  size_t largest = 0;
  bool ended = false;
  int drained = 0;
  int failures = 0;
  Error failed;
  std::function<void()> then_read, then_end, then_failed, then_drained;
};

// Two connected ends over loopback.
struct Pair {
  explicit Pair(const Address& at) {
    auto listening = Listener::listen(loop, at, [this](std::unique_ptr<Socket> socket) {
      server = std::make_unique<End>(std::move(socket));
      listener.reset();
      if (client != nullptr) loop.stop();
    });
    REQUIRE(listening.has_value());
    listener = std::move(*listening);
    connecting = Connecting::connect(loop, listener->local(), [this](Result<std::unique_ptr<Socket>> result) {
      REQUIRE(result.has_value());
      client = std::make_unique<End>(std::move(*result));
      if (server != nullptr) loop.stop();
    });
    loop.run();
    REQUIRE(server != nullptr);
    REQUIRE(client != nullptr);
  }

  Loop loop;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connecting> connecting;
  std::unique_ptr<End> server;
  std::unique_ptr<End> client;
};

Address loopback() { return *Address::parse("127.0.0.1:0"); }

struct TemporaryFolder {
  TemporaryFolder() { REQUIRE(mkdtemp(path) != nullptr); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  char path[32] = "/tmp/ingress-socket-XXXXXX";
};

}  // namespace

TEST_CASE("bytes and the end of both directions cross a TCP connection") {
  Pair pair(loopback());
  CHECK(pair.client->socket->peer().port == pair.server->socket->local().port);
  CHECK(pair.client->socket->local().to_text() == pair.server->socket->peer().to_text());
  pair.server->then_end = [&pair] {
    pair.server->socket->write(as_bytes("an"), as_bytes("swer"));
    pair.server->socket->shutdown();
  };
  pair.server->socket->start_read();
  pair.client->socket->start_read();
  pair.client->socket->write(as_bytes("question"));
  pair.client->socket->shutdown();
  pair.loop.run();
  CHECK(pair.server->received == "question");
  CHECK(pair.client->received == "answer");
  CHECK(pair.client->ended);
  CHECK(pair.client->failures == 0);
}

TEST_CASE("a listener on [::] takes IPv4 and calls its peer by the IPv4 address") {
  Loop loop;
  std::unique_ptr<Socket> accepted;
  auto listener = Listener::listen(loop, *Address::parse("[::]:0"), [&accepted, &loop](std::unique_ptr<Socket> socket) {
    accepted = std::move(socket);
    loop.stop();
  });
  REQUIRE(listener.has_value());
  Address target = loopback();
  target.port = (*listener)->local().port;
  std::unique_ptr<Socket> connected;
  auto connecting = Connecting::connect(
      loop, target, [&connected](Result<std::unique_ptr<Socket>> result) { connected = std::move(*result); });
  loop.run();
  REQUIRE(accepted != nullptr);
  CHECK(accepted->peer().ip == "127.0.0.1");
  CHECK(accepted->local().ip == "127.0.0.1");
}

TEST_CASE("what the kernel does not take is written later, in order, and told when it is gone") {
  Pair pair(loopback());
  std::string sent;
  size_t waiting = 0;
  for (int i = 0; waiting < 20'000'000; ++i) {
    const std::string head = "<" + std::to_string(i) + ">";
    const std::string body(60'000 + i, static_cast<char>('a' + i % 26));
    if (i % 3 == 0) {
      ByteBuffer buffer;
      buffer.append(head);
      buffer.append(body);
      waiting = pair.client->socket->write(buffer);
      CHECK(buffer.empty());
    } else {
      waiting = pair.client->socket->write(as_bytes(head), as_bytes(body));
    }
    CHECK(waiting == pair.client->socket->backlog_bytes());
    sent += head + body;
  }
  pair.client->socket->shutdown();
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.client->drained == 1);
  CHECK(pair.client->socket->backlog_bytes() == 0);
  CHECK(pair.server->ended);
  CHECK((pair.server->received == sent));
}

TEST_CASE("a read limit bounds each read, and a limit of zero pauses until reading is started again") {
  Pair pair(loopback());
  pair.server->limit = 10;
  pair.server->then_read = [&pair] {
    if (pair.server->received.size() < 50) return;
    pair.server->limit = 0;
    pair.server->then_read = nullptr;
    pair.loop.defer([&pair] { pair.loop.defer([&pair] { pair.loop.stop(); }); });
  };
  pair.server->socket->start_read();
  pair.client->socket->write(as_bytes(std::string(100, 'x')));
  pair.client->socket->shutdown();
  pair.loop.run();
  CHECK(pair.server->largest == 10);
  CHECK(pair.server->received.size() == 50);
  pair.server->limit = 1000;
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->received.size() == 100);
  CHECK(pair.server->ended);
}

TEST_CASE("a paused socket hands out nothing and the loop does not spin on it") {
  Pair pair(loopback());
  pair.server->socket->start_read();
  pair.server->socket->pause_read();
  pair.client->socket->write(as_bytes("early"));
  pair.client->socket->shutdown();
  pair.loop.run();  // ends: nobody reads or writes any more
  CHECK(pair.server->received.empty());
  CHECK_FALSE(pair.server->ended);
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->received == "early");
  CHECK(pair.server->ended);
}

TEST_CASE("a socket may be destroyed in its own read callback") {
  Pair pair(loopback());
  pair.server->limit = 1;
  pair.server->then_read = [&pair] { pair.server->socket.reset(); };
  pair.server->socket->start_read();
  pair.client->socket->write(as_bytes("abc"));
  pair.client->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->received == "a");
  CHECK((pair.client->ended || pair.client->failures == 1));
}

TEST_CASE("a socket that dies with output in flight is closed and calls nobody") {
  Pair pair(loopback());
  const std::string much(32'000'000, 'x');
  CHECK(pair.client->socket->write(as_bytes(much)) > 0);
  pair.client->socket.reset();
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.client->drained == 0);
  CHECK(pair.client->failures == 0);
  CHECK((pair.server->ended || pair.server->failures == 1));
  CHECK(pair.server->received.size() < much.size());
}

TEST_CASE("a reset is told to a reader, and can be seen while reading is paused") {
  Pair pair(loopback());
  pair.client->socket->reset_on_close();
  CHECK_FALSE(pair.server->socket->peer_is_gone());
  pair.client->socket.reset();
  CHECK(pair.server->socket->peer_is_gone());
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->failures == 1);
  CHECK(pair.server->failed.code == ErrorCode::kReset);
  CHECK_FALSE(pair.server->ended);
}

TEST_CASE("a reset behind unread bytes is a failure and not the end") {
  Pair pair(loopback());
  pair.client->socket->write(as_bytes("half of the trans"));
  pair.client->socket->reset_on_close();
  pair.client->socket.reset();
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->received == "half of the trans");
  CHECK_FALSE(pair.server->ended);
  CHECK(pair.server->failures == 1);
}

TEST_CASE("a peer that closed in order is not gone") {
  Pair pair(loopback());
  pair.client->socket->shutdown();
  CHECK_FALSE(pair.server->socket->peer_is_gone());
}

TEST_CASE("a failed write is told later, where nobody reads") {
  Pair pair(loopback());
  pair.client->socket->reset_on_close();
  pair.client->socket.reset();
  pair.server->socket->write(as_bytes("into the void"));
  pair.server->socket->write(as_bytes("more"));
  CHECK(pair.server->failures == 0);
  CHECK(pair.server->socket->backlog_bytes() == 0);
  pair.loop.run();
  CHECK(pair.server->failures == 1);
  CHECK(pair.server->failed.code == ErrorCode::kReset);
}

TEST_CASE("bytes that came before a write failed are read first, then the failure is told") {
  Pair pair(loopback());
  // The server answers without having read the request, and closes: the kernel resets the connection.
  pair.client->socket->write(as_bytes("request, part one"));
  pair.server->socket->write(as_bytes("413"));
  pair.server->socket.reset();
  pair.client->socket->start_read();
  pair.client->socket->write(as_bytes("part two"));
  pair.client->socket->write(as_bytes("part three"));
  pair.loop.run();
  CHECK(pair.client->failures == 1);
  CHECK_FALSE(pair.client->ended);
  CHECK(pair.client->received == "413");
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

TEST_CASE("bytes cross a Unix connection, and a closed peer is seen") {
  TemporaryFolder folder;
  Address address;
  address.unix_path = std::string(folder.path) + "/s";
  Pair pair(address);
  CHECK(pair.server->socket->peer().ip.empty());
  pair.server->socket->start_read();
  pair.server->then_read = [&pair] { pair.loop.stop(); };
  pair.client->socket->write(as_bytes("hello"));
  pair.loop.run();
  CHECK(pair.server->received == "hello");
  CHECK_FALSE(pair.server->socket->peer_is_gone());
  pair.client->socket.reset();
  CHECK(pair.server->socket->peer_is_gone());
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
  found.clear();
  auto local = Resolving::resolve(loop, "localhost", 3000, collect);
  loop.run();
  REQUIRE_FALSE(found.empty());
  for (const std::string& text : found) CHECK((text == "127.0.0.1:3000" || text == "[::1]:3000"));
  int failures = 0;
  auto none = Resolving::resolve(loop, "no name at all", 80, [&failures](Result<std::vector<Address>> result) {
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::kResolveFailed);
    ++failures;
  });
  loop.run();
  CHECK(failures == 1);
  Resolving::resolve(loop, "localhost", 1, [](Result<std::vector<Address>>) { FAIL("given up"); }).reset();
  loop.run();
}
