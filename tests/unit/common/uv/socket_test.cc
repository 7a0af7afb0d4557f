#include "common/uv/socket.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "common/uv/poller.h"
#include "common/uv/timer.h"
#include "tests/unit/common/uv/socket_pair.h"

using namespace ingress;
using namespace ingress::uv;
using namespace ingress::test;

TEST_CASE("bytes and the end of both directions cross a TCP connection") {
  Pair pair(loopback());
  CHECK(pair.client->socket->peer().port == pair.server->socket->local().port);
  CHECK(pair.client->socket->local().to_text() == pair.server->socket->peer().to_text());
  pair.server->then_end = [&pair] {
    pair.server->socket->write(std::array{as_bytes("an"), as_bytes("swer")});
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

TEST_CASE("a socket that is to be kept alive asks whether its peer is there, one of the file system is left alone") {
  const auto asks = [](Pair& pair) {
    pair.server->socket->keep_alive();
    const OwnedFd fd = pair.server->socket->release();
    int on = 0;
    socklen_t size = sizeof on;
    REQUIRE(getsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, &size) == 0);
    return on != 0;
  };
  Pair pair(loopback());
  CHECK(asks(pair));
  const TemporaryFolder folder;
  Address path;
  path.unix_path = std::string(folder.path) + "/socket";
  Pair local(path);
  CHECK_FALSE(asks(local));
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
      waiting = pair.client->socket->write(std::array{as_bytes(head), as_bytes(body)});
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

TEST_CASE("a little that waits leaves a large buffer its memory, and much takes it along") {
  Pair pair(loopback());
  std::string sent;
  sent.resize(20'000'000, 'a');
  REQUIRE(pair.client->socket->write(as_bytes(sent)) > 0);
  ByteBuffer little;
  little.reserve(size_t{256} * 1024);
  little.append(std::string(1000, 'b'));
  pair.client->socket->write(little);
  CHECK(little.empty());
  CHECK(little.capacity() >= 256 * 1024);
  pair.server->socket->start_read();
  pair.client->then_drained = [&pair] { pair.loop.stop(); };
  pair.loop.run();
  REQUIRE(pair.client->socket->write(as_bytes(sent)) > 0);
  ByteBuffer much;
  much.append(std::string(200'000, 'c'));
  pair.client->socket->write(much);
  CHECK(much.capacity() == 0);
  pair.client->then_drained = nullptr;
  pair.client->socket->shutdown();
  pair.loop.run();
  CHECK((pair.server->received == sent + std::string(1000, 'b') + sent + std::string(200'000, 'c')));
}

TEST_CASE("what a server said before the connection was seen to be open is read, and its end as well") {
  Loop loop;
  const OwnedFd listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(bind(listening.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(listen(listening.get(), 1) == 0);
  REQUIRE(getsockname(listening.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);

  std::unique_ptr<End> client;
  const auto address = Address::parse("127.0.0.1:" + std::to_string(ntohs(at.sin_port)));
  const auto connecting = Connecting::connect(loop, *address, [&client](Result<std::unique_ptr<Socket>> result) {
    REQUIRE(result.has_value());
    client = std::make_unique<End>(std::move(*result));
    client->socket->start_read();
  });
  {
    const OwnedFd server(accept(listening.get(), nullptr, nullptr));
    REQUIRE(send(server.get(), "bye", 3, 0) == 3);
  }
  Timer limit(loop, [&loop] { loop.stop(); });
  limit.start(Duration{10000}, Duration{0});
  limit.unref();
  loop.run();
  REQUIRE(client != nullptr);
  CHECK(client->received == "bye");
  CHECK(client->ended);
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

TEST_CASE("a socket that is paused again and again, with bytes waiting, reads them all and then the end") {
  Pair pair(loopback());
  const std::string sent(3'000'000, 'x');
  pair.server->limit = 20'000;
  pair.server->then_read = [&pair] {
    pair.server->socket->pause_read();
    // Later, so that the bytes behind are seen while nobody wants them.
    pair.loop.defer([&pair] { pair.loop.defer([&pair] { pair.server->socket->start_read(); }); });
  };
  pair.server->then_end = [&pair] { pair.loop.stop(); };
  pair.server->socket->start_read();
  pair.client->socket->write(as_bytes(sent));
  pair.client->socket->shutdown();
  pair.loop.run();
  CHECK(pair.server->largest <= 20'000);
  CHECK(pair.server->received.size() == sent.size());
  CHECK(pair.server->ended);
  CHECK(pair.server->failures == 0);
}

TEST_CASE("a socket with bytes waiting may be destroyed when it reads them") {
  Pair pair(loopback());
  pair.server->limit = 1000;
  pair.server->socket->start_read();
  pair.server->socket->pause_read();
  pair.client->socket->write(as_bytes(std::string(5000, 'x')));
  pair.loop.run();  // ends: the bytes were seen, and nobody wanted them
  pair.server->then_read = [&pair] { pair.server->socket.reset(); };
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->received.size() == 1000);
}

TEST_CASE("a reset is told to a socket that is resumed with bytes waiting") {
  Pair pair(loopback());
  pair.server->socket->start_read();
  pair.server->socket->pause_read();
  pair.client->socket->write(as_bytes("abc"));
  pair.loop.run();
  pair.client->socket->reset_on_close();
  pair.client->socket.reset();
  pair.loop.run();
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->failures == 1);
  CHECK_FALSE(pair.server->ended);
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
  const std::vector<uint8_t> much(32'000'000, 'x');
  CHECK(pair.client->socket->write(much) > 0);
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

TEST_CASE("a socket is quiet until bytes, the end or a reset have come, though the loop has not turned") {
  for (const int kind : {0, 1, 2}) {
    CAPTURE(kind);
    Pair pair(loopback());
    CHECK(pair.server->socket->quiet());
    if (kind == 0) pair.client->socket->write(as_bytes("x"));
    if (kind == 1) pair.client->socket->shutdown();
    if (kind == 2) {
      pair.client->socket->reset_on_close();
      pair.client->socket.reset();
    }
    CHECK_FALSE(pair.server->socket->quiet());
  }
}

TEST_CASE("a look whether a socket is quiet takes nothing of what came") {
  Pair pair(loopback());
  pair.client->socket->write(as_bytes("all of it"));
  pair.client->socket->shutdown();
  CHECK_FALSE(pair.server->socket->quiet());
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->received == "all of it");
  CHECK(pair.server->ended);
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

TEST_CASE("a reset behind the end is told, though nothing is read or written any more") {
  Pair pair(loopback());
  pair.server->then_end = [&pair] {
    pair.client->socket->reset_on_close();
    pair.client->socket.reset();
  };
  pair.client->socket->shutdown();
  pair.server->socket->start_read();
  Timer look(pair.loop, [&pair, &look] {
    if (pair.server->failures > 0) look.stop();
  });
  look.start(Duration{1}, Duration{1});
  pair.loop.run();
  CHECK(pair.server->ended);
  CHECK(pair.server->failures == 1);
  CHECK(pair.server->failed.code == ErrorCode::kReset);
}

TEST_CASE(
    "a reset that came together with the end is told behind it, whether reading was paused, or the end is answered") {
  for (const int kind : {0, 1, 2, 3}) {
    const bool paused = kind % 2 != 0;
    const bool answered = kind >= 2;
    CAPTURE(paused);
    CAPTURE(answered);
    Pair pair(loopback());
    if (answered) {
      pair.server->then_end = [&pair] { pair.server->socket->write(as_bytes("answer")); };
    }
    {
      const OwnedFd peer = pair.client->socket->release();
      REQUIRE(send(peer.get(), "x", 1, 0) == 1);
      REQUIRE(::shutdown(peer.get(), SHUT_WR) == 0);
      pair.server->socket->write(as_bytes("y"));  // stays unread, so that closing resets
    }
    if (paused) {
      Timer turn(pair.loop, [&pair] { pair.loop.stop(); });
      turn.start(Duration{1});
      pair.loop.run();
    }
    pair.server->socket->start_read();
    pair.loop.run();
    CHECK(pair.server->received == "x");
    CHECK(pair.server->ended);
    CHECK(pair.server->failures == 1);
  }
}

TEST_CASE("a socket whose sender is always ahead is called again once an iteration") {
  Pair pair(loopback());
  const OwnedFd sender = pair.client->socket->release();
  const std::string much(Loop::kReadBufferBytes, 'm');
  size_t most = 0;
  int reads = 0;
  pair.server->then_read = [&] {
    while (send(sender.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) continue;
    pair.loop.defer([&] { most = std::max(most, pair.loop.poller().again_count()); });
    if (++reads == 200) pair.loop.stop();
  };
  while (send(sender.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) continue;
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(reads == 200);
  CHECK(most <= 1);
}

TEST_CASE("what lies behind an urgent byte is read as well") {
  Pair pair(loopback());
  const OwnedFd sender = pair.client->socket->release();
  REQUIRE(send(sender.get(), "ab", 2, 0) == 2);
  REQUIRE(send(sender.get(), "c", 1, MSG_OOB) == 1);
  REQUIRE(send(sender.get(), "def", 3, 0) == 3);
  Timer limit(pair.loop, [&pair] { pair.loop.stop(); });
  limit.start(Duration{10000});
  pair.server->then_read = [&pair] {
    if (pair.server->received.size() >= 5) pair.loop.stop();
  };
  pair.server->socket->start_read();
  pair.loop.run();
  CHECK(pair.server->received == "abdef");
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
