#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/uv/socket.h"
#include "tests/unit/common/uv/socket_pair.h"

using namespace ingress;
using namespace ingress::uv;
using namespace ingress::test;

namespace {

ByteBuffer bytes_of(std::string_view text) {
  ByteBuffer buffer;
  buffer.append(text);
  return buffer;
}

}  // namespace

TEST_CASE("bytes that are put back come again, in pieces of the limit, before what has come since") {
  Pair pair(loopback());
  pair.server->then_read = [&pair] { pair.loop.stop(); };
  pair.server->socket->start_read();
  pair.client->socket->write(as_bytes("first"));
  pair.loop.run();
  REQUIRE(pair.server->received == "first");

  End again(std::move(pair.server->socket));
  again.limit = 2;
  again.socket->unread(bytes_of("first"));
  pair.client->socket->write(as_bytes("second"));
  again.then_read = [&again, &pair] {
    if (again.received.size() == 11) pair.loop.stop();
  };
  again.socket->start_read();
  pair.loop.run();
  CHECK(again.received == "firstsecond");
  CHECK(again.largest == 2);
}

TEST_CASE("an end that was told is told again behind what is put back") {
  Pair pair(loopback());
  pair.server->then_end = [&pair] { pair.loop.stop(); };
  pair.server->socket->start_read();
  pair.client->socket->write(as_bytes("all"));
  pair.client->socket->shutdown();
  pair.loop.run();
  REQUIRE(pair.server->ended);

  for (const char* put_back : {"all", ""}) {
    End again(std::move(pair.server->socket));
    again.socket->unread(bytes_of(put_back));
    again.then_end = [&pair] { pair.loop.stop(); };
    again.socket->start_read();
    pair.loop.run();
    CHECK(again.received == put_back);
    CHECK(again.ended);
    pair.server->socket = std::move(again.socket);
  }
}

TEST_CASE("a connection that another loop adopts goes on there, and is not closed by its first owner's end") {
  Pair pair(loopback());
  Loop other;
  OwnedFd fd = pair.server->socket->release();
  REQUIRE(fd.valid());
  pair.server->socket.reset();
  Result<std::unique_ptr<Socket>> adopted = Socket::adopt(other, std::move(fd));
  REQUIRE(adopted);
  End moved(std::move(*adopted));
  CHECK(moved.socket->peer().port == pair.client->socket->local().port);
  moved.then_read = [&other] { other.stop(); };
  moved.socket->start_read();
  pair.client->socket->write(as_bytes("hello"));
  other.run();
  CHECK(moved.received == "hello");
  moved.socket->write(as_bytes("answer"));
  pair.client->then_read = [&pair] { pair.loop.stop(); };
  pair.client->socket->start_read();
  pair.loop.run();
  CHECK(pair.client->received == "answer");
}

TEST_CASE("a listener that is shared accepts on either loop, and goes on when its first owner has ended") {
  Loop first;
  Loop second;
  int accepted_by_first = 0;
  int accepted_by_second = 0;
  auto listener = Listener::listen(first, loopback(), [&](std::unique_ptr<Socket>) { ++accepted_by_first; });
  REQUIRE(listener);
  const Address address = (*listener)->local();
  auto other = Listener::adopt(second, (*listener)->share(), [&](std::unique_ptr<Socket>) {
    ++accepted_by_second;
    second.stop();
  });
  REQUIRE(other);
  CHECK((*other)->local().port == address.port);
  listener->reset();

  auto connecting = Connecting::connect(second, address, [](Result<std::unique_ptr<Socket>> result) { CHECK(result); });
  second.run();
  CHECK(accepted_by_first == 0);
  CHECK(accepted_by_second == 1);
}
