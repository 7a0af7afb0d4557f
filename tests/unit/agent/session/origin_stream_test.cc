#include "agent/session/origin_stream.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/agent/session/broker_streams.h"
#include "tests/unit/agent/session/session_pair.h"
#include "tests/unit/agent/session/test_origin.h"

using namespace ingress;
using namespace ingress::agent;
using namespace ingress::agent::test;

namespace {

constexpr size_t kMegabyte = size_t{1024} * 1024;

// Sends all of `text` on the stream, as credit comes.
bool send_all(SessionPair& pair, BrokerStream& stream, const std::string& text) {
  size_t sent = 0;
  return pair.until([&stream, &text, &sent] {
    while (stream.stream != nullptr && sent < text.size()) {
      const size_t count = stream.send(std::string_view(text).substr(sent), true);
      if (count == 0) break;
      sent += count;
    }
    return sent == text.size();
  });
}

}  // namespace

TEST_CASE("a request crosses as it is and its answer comes back without hop-by-hop fields") {
  SessionPair pair;
  TestOrigin origin(pair.loop,
                    "HTTP/1.1 200 OK\r\nX-Mixed-Case: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: b\r\n"
                    "Content-Length: 5\r\n\r\nhello");
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "GET", true, {{"Host", "localhost:1"}, {"X-B", "2"}});
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.statuses == std::vector<int>{200});
  CHECK(stream.names == "X-Mixed-Case Content-Length ");
  CHECK(stream.body == "hello");
  CHECK_FALSE(stream.reset);
  REQUIRE(origin.peers.size() == 1);
  CHECK(origin.peers[0]->received == "GET /path?query HTTP/1.1\r\nHost: localhost:1\r\nX-B: 2\r\n\r\n");
}

TEST_CASE("frames that come byte by byte give the same exchange") {
  SessionPair pair;
  TestOrigin origin(pair.loop, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: v\r\n\r\n");
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "POST", false, {{"Host", "h"}, {"Content-Length", "4"}});
  CHECK(stream.send("body", true) == 4);
  REQUIRE(run_until(pair.loop, [&pair, &stream] {
    pair.pump(1);
    return stream.closed;
  }));
  CHECK(stream.body == "abc");
  CHECK(stream.trailers == "X-T=v ");
  CHECK(origin.peers[0]->received.ends_with("\r\n\r\nbody"));
}

TEST_CASE("a stream object serves one exchange after the other, and a connection is kept") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  for (int i = 1; i <= 20; ++i) {
    BrokerStream stream;
    stream.open(*pair.broker, origin.port, pair.loop.now());
    const auto ends = static_cast<size_t>(i);
    REQUIRE(pair.until([&origin, ends] {
      if (origin.peers.empty()) return false;
      size_t heads = 0;
      for (size_t at = 0; (at = origin.peers[0]->received.find("\r\n\r\n", at)) != std::string::npos; at += 4) ++heads;
      return heads == ends;
    }));
    origin.peers[0]->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    REQUIRE(pair.until([&stream] { return stream.closed; }));
    CHECK(stream.body == "ok");
  }
  CHECK(origin.peers.size() == 1);
}

TEST_CASE("an upload waits for an origin that does not read, bounded by its credit, and then arrives whole") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  origin.reads = false;
  const std::string body(32 * kMegabyte, 'u');
  BrokerStream stream;
  const std::string length = std::to_string(body.size());
  stream.open(*pair.broker, origin.port, pair.loop.now(), "POST", false, {{"Host", "h"}, {"Content-Length", length}});
  size_t sent = 0;
  int idle_looks = 0;
  REQUIRE(pair.until([&stream, &body, &sent, &idle_looks] {
    const size_t before = sent;
    for (size_t count = 1; count > 0; sent += count) count = stream.send(std::string_view(body).substr(sent), true);
    idle_looks = sent == before ? idle_looks + 1 : 0;
    return idle_looks == 50;
  }));
  // What the kernel holds, and the credit on top; never the body.
  CHECK(sent < body.size());
  origin.peers[0]->read();
  REQUIRE(pair.until([&stream, &body, &sent, &origin] {
    while (sent < body.size()) {
      const size_t count = stream.send(std::string_view(body).substr(sent), true);
      if (count == 0) break;
      sent += count;
    }
    return origin.peers[0]->received.ends_with(std::string(1024, 'u')) &&
           origin.peers[0]->received.size() >= body.size();
  }));
  origin.peers[0]->write("HTTP/1.1 204 No Content\r\n\r\n");
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.statuses == std::vector<int>{204});
}

TEST_CASE("an answer is read from the origin only as far as the broker takes it") {
  SessionPair pair;
  const std::string body(8 * kMegabyte, 'd');
  TestOrigin origin(pair.loop, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  BrokerStream stream;
  stream.consumes = false;
  stream.open(*pair.broker, origin.port, pair.loop.now());
  size_t before = 0;
  int idle_looks = 0;
  REQUIRE(pair.until([&stream, &before, &idle_looks] {
    idle_looks = stream.body.size() == before && before > 0 ? idle_looks + 1 : 0;
    before = stream.body.size();
    return idle_looks == 20;
  }));
  CHECK(stream.body.size() == tunnel::SessionLimits{}.initial_window_bytes);
  stream.consumes = true;
  stream.stream->consumed(stream.body.size());
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.body == body);
}

TEST_CASE("a full sink stops the answer and room lets it go on") {
  SessionPair pair;
  TestOrigin origin(pair.loop, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  pair.to_broker.room_bytes = 0;
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now());
  REQUIRE(pair.until([&stream] { return !stream.statuses.empty(); }));
  for (int i = 0; i < 10; ++i) pair.until([] { return true; });
  CHECK(stream.body.empty());
  pair.to_broker.room_bytes = kMegabyte;
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.body == "hello");
}

TEST_CASE("what goes wrong at the origin is told by its code") {
  SessionPair pair({{}, parse_port_ranges("1").value(), {}});
  std::string answer;
  tunnel::ResetCode expected{};
  SUBCASE("malformed") {
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello";
    expected = tunnel::ResetCode::kOriginProtocol;
  }
  SUBCASE("no HTTP") {
    answer = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
    expected = tunnel::ResetCode::kOriginProtocol;
  }
  TestOrigin origin(pair.loop, answer);
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now());
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.reset == expected);
}

TEST_CASE("an origin that closes in the midst of its answer breaks the stream off") {
  SessionPair pair;
  TestOrigin origin(pair.loop, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now());
  REQUIRE(pair.until([&stream] { return stream.body == "hello"; }));
  origin.peers[0]->close();
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.reset == tunnel::ResetCode::kOriginClosed);
}

TEST_CASE("a port on which nothing listens refuses the connection, and a denied one is denied") {
  SessionPair pair({{}, parse_port_ranges("1").value(), {}});
  TestOrigin origin(pair.loop);
  origin.stop();
  BrokerStream refused;
  refused.open(*pair.broker, origin.port, pair.loop.now());
  BrokerStream denied;
  denied.open(*pair.broker, 1, pair.loop.now());
  REQUIRE(pair.until([&refused, &denied] { return refused.closed && denied.closed; }));
  CHECK(refused.reset == tunnel::ResetCode::kConnectFailed);
  CHECK(denied.reset == tunnel::ResetCode::kPortDenied);
}

TEST_CASE("a stream to an HTTP/2 origin begins with HTTP/2's preface, but for an Upgrade") {
  SessionPair pair;
  TestOrigin origin(pair.loop, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  BrokerStream plain, upgrade;
  plain.open(*pair.broker, origin.port, pair.loop.now(), "GET", true, {{"Host", "h"}}, false, tunnel::StreamKind::kH2c);
  REQUIRE(pair.until([&plain] { return plain.closed; }));
  CHECK(origin.peers.at(0)->received.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  CHECK(plain.reset == tunnel::ResetCode::kOriginProtocol);  // it answers HTTP/1.1
  upgrade.open(*pair.broker, origin.port, pair.loop.now(), "GET", false, {{"Host", "h"}, {"Upgrade", "x"}}, true,
               tunnel::StreamKind::kH2c);
  REQUIRE(pair.until([&upgrade] { return upgrade.closed; }));
  CHECK(origin.peers.at(1)->received.starts_with("GET /path?query HTTP/1.1\r\n"));
  CHECK(upgrade.statuses == std::vector<int>{200});
}

TEST_CASE("a probe says whether anything listens and sends nothing to it") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  TestOrigin gone(pair.loop);
  gone.stop();
  BrokerStream good, bad;
  good.open(*pair.broker, origin.port, pair.loop.now(), "GET", true, {}, false, tunnel::StreamKind::kProbe);
  bad.open(*pair.broker, gone.port, pair.loop.now(), "GET", true, {}, false, tunnel::StreamKind::kProbe);
  REQUIRE(pair.until([&good, &bad] { return good.closed && bad.closed; }));
  CHECK(good.statuses == std::vector<int>{204});
  CHECK_FALSE(good.reset);
  CHECK(bad.reset == tunnel::ResetCode::kConnectFailed);
  for (const auto& peer : origin.peers) CHECK(peer->received.empty());
}

TEST_CASE("a probe that is cancelled before its answer is forgotten") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  BrokerStream probe;
  probe.open(*pair.broker, origin.port, pair.loop.now(), "GET", true, {}, false, tunnel::StreamKind::kProbe);
  pair.pump();
  probe.cancel();
  REQUIRE(pair.until([&origin] { return !origin.peers.empty() && origin.peers[0]->closed; }));
  CHECK(probe.statuses.empty());
  CHECK(pair.agent->stream_count() == 0);
}

TEST_CASE("a TCP stream is a connection to the port: bytes and ends both ways, without HTTP") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "CONNECT", false, {}, true, tunnel::StreamKind::kTcp);
  REQUIRE(pair.until([&stream] { return !stream.statuses.empty(); }));
  CHECK(stream.statuses == std::vector<int>{101});
  CHECK(stream.names.empty());
  CHECK(stream.send("to the server", true) == 13);
  REQUIRE(pair.until([&origin] { return origin.peers.at(0)->closed; }));
  CHECK(origin.peers[0]->received == "to the server");
  origin.peers[0]->write("and back");
  origin.peers[0]->end();
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.body == "and back");
  CHECK_FALSE(stream.reset);
}

TEST_CASE("what of a TCP stream comes before the connection waits for it") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "CONNECT", false, {}, true, tunnel::StreamKind::kTcp);
  stream.send("early", true);
  REQUIRE(pair.until([&origin] { return !origin.peers.empty() && origin.peers[0]->closed; }));
  CHECK(origin.peers[0]->received == "early");
}

TEST_CASE("a TCP stream whose port refuses, or is denied, is reset and says why") {
  SessionPair pair;
  TestOrigin gone(pair.loop);
  gone.stop();
  BrokerStream refused;
  refused.open(*pair.broker, gone.port, pair.loop.now(), "CONNECT", false, {}, true, tunnel::StreamKind::kTcp);
  REQUIRE(pair.until([&refused] { return refused.closed; }));
  CHECK(refused.statuses.empty());
  CHECK(refused.reset == tunnel::ResetCode::kConnectFailed);
}

TEST_CASE("a TCP stream that is broken off, also while it is dialled, breaks the connection") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  BrokerStream open;
  open.open(*pair.broker, origin.port, pair.loop.now(), "CONNECT", false, {}, true, tunnel::StreamKind::kTcp);
  REQUIRE(pair.until([&open] { return !open.statuses.empty(); }));
  open.cancel();
  REQUIRE(pair.until([&origin] { return origin.peers.at(0)->closed; }));
  BrokerStream dialled;
  dialled.open(*pair.broker, origin.port, pair.loop.now(), "CONNECT", false, {}, true, tunnel::StreamKind::kTcp);
  pair.pump();
  dialled.cancel();
  REQUIRE(pair.until([&origin] { return origin.peers.size() == 2 && origin.peers[1]->closed; }));
  CHECK(pair.agent->stream_count() == 0);
}

TEST_CASE("a connection that breaks breaks its TCP stream off") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  origin.reads = false;
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "CONNECT", false, {}, true, tunnel::StreamKind::kTcp);
  REQUIRE(pair.until([&stream] { return !stream.statuses.empty(); }));
  stream.send("unread");
  REQUIRE(pair.until([&origin] { return !origin.peers.empty(); }));
  origin.peers[0]->close();  // with bytes unread: RST
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.reset == tunnel::ResetCode::kOriginClosed);
}

TEST_CASE("a client that leaves ends the request at the origin") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now());
  REQUIRE(pair.until([&origin] { return !origin.peers.empty() && !origin.peers[0]->received.empty(); }));
  stream.cancel();
  REQUIRE(pair.until([&origin] { return origin.peers[0]->closed; }));
  CHECK(pair.agent->stream_count() == 0);
}

TEST_CASE("a lost session ends its requests at the origin") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now());
  REQUIRE(pair.until([&origin] { return !origin.peers.empty() && !origin.peers[0]->received.empty(); }));
  pair.agent->lost(Error{ErrorCode::kReset, Side::kTunnel, false, 0, "gone"});
  REQUIRE(pair.until([&origin] { return origin.peers[0]->closed; }));
}

TEST_CASE("an answer that comes before the request's end is delivered and the rest is not wanted") {
  SessionPair pair;
  TestOrigin origin(pair.loop, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "POST", false, {{"Host", "h"}, {"Content-Length", "1000"}});
  stream.send("some");
  REQUIRE(pair.until([&origin] { return !origin.peers.empty() && !origin.peers[0]->received.empty(); }));
  origin.peers[0]->end();
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.statuses == std::vector<int>{413});
  CHECK(stream.body == "no");
  CHECK_FALSE(stream.reset);
}

TEST_CASE("an upgrade turns the stream into opaque bytes both ways, with half-close") {
  SessionPair pair;
  TestOrigin origin(pair.loop,
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n\x01\x02");
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "GET", false, {{"Host", "h"}, {"Upgrade", "echo"}}, true);
  REQUIRE(pair.until([&stream] { return stream.body == "\x01\x02"; }));
  CHECK(stream.statuses == std::vector<int>{101});
  CHECK(stream.names == "Upgrade ");
  stream.send("ping", true);
  REQUIRE(pair.until([&origin] { return origin.peers[0]->received.ends_with("ping") && origin.peers[0]->closed; }));
  CHECK_FALSE(stream.ended);
  origin.peers[0]->write("pong");
  origin.peers[0]->end();
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.body == "\x01\x02pong");
  CHECK_FALSE(stream.reset);
}

TEST_CASE("bytes and a half-close that come before the 101 reach the origin after it") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "GET", false, {{"Host", "h"}, {"Upgrade", "echo"}}, true);
  std::string sent;
  SUBCASE("bytes") {
    sent = "early";
    stream.send(sent, true);
  }
  SUBCASE("a half-close alone") { stream.stream->send_data({}, true); }
  REQUIRE(pair.until([&origin] { return !origin.peers.empty() && origin.peers[0]->received.ends_with("\r\n\r\n"); }));
  origin.peers[0]->write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  REQUIRE(pair.until([&origin] { return origin.peers[0]->closed; }));
  CHECK(origin.peers[0]->received.ends_with("\r\n\r\n" + sent));
}

TEST_CASE("an upgrade that is answered otherwise is an ordinary answer") {
  SessionPair pair;
  TestOrigin origin(pair.loop, "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "GET", false, {{"Host", "h"}, {"Upgrade", "echo"}}, true);
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.body == "no");
  CHECK_FALSE(stream.reset);
}

TEST_CASE("a request with a body that asks for an upgrade is an ordinary request") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "POST", false,
              {{"Host", "h"}, {"Upgrade", "echo"}, {"Content-Length", "4"}}, true);
  stream.send("body", true);
  REQUIRE(pair.until([&origin] { return !origin.peers.empty() && origin.peers[0]->received.ends_with("body"); }));
  origin.peers[0]->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.body == "ok");
}

TEST_CASE("1xx heads come through before the final one") {
  SessionPair pair;
  TestOrigin origin(pair.loop,
                    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now());
  REQUIRE(pair.until([&stream] { return stream.closed; }));
  CHECK(stream.statuses == std::vector<int>{103, 200});
}

TEST_CASE("request trailers wait behind the body") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  origin.reads = false;
  BrokerStream stream;
  stream.open(*pair.broker, origin.port, pair.loop.now(), "POST", false, {{"Host", "h"}, {"Trailer", "X-Sum"}});
  stream.send("data");
  stream.stream->send_trailers({{"X-Sum", "42"}});
  REQUIRE(pair.until([&origin] { return !origin.peers.empty(); }));
  origin.peers[0]->read();
  REQUIRE(pair.until([&origin] { return origin.peers[0]->received.ends_with("0\r\nX-Sum: 42\r\n\r\n"); }));
  CHECK(origin.peers[0]->received.find("4\r\ndata\r\n") != std::string::npos);
}

TEST_CASE("many streams at once end each in its own way") {
  SessionPair pair;
  TestOrigin origin(pair.loop, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  std::vector<std::unique_ptr<BrokerStream>> streams;
  for (int i = 0; i < 100; ++i) {
    streams.push_back(std::make_unique<BrokerStream>());
    streams.back()->open(*pair.broker, origin.port, pair.loop.now(), "PUT", true);
  }
  for (size_t i = 0; i < streams.size(); i += 3) {
    streams[i]->cancel();
    streams[i]->closed = true;
  }
  REQUIRE(pair.until([&streams, &pair] {
    for (const auto& stream : streams) {
      if (!stream->closed) return false;
    }
    return pair.agent->stream_count() == 0;
  }));
  for (size_t i = 0; i < streams.size(); ++i) CHECK(streams[i]->body == (i % 3 == 0 ? "" : "ok"));
}

TEST_CASE("a body is sent whole over many windows") {
  SessionPair pair;
  TestOrigin origin(pair.loop);
  std::string body(3 * kMegabyte, 'x');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 26);
  BrokerStream stream;
  const std::string length = std::to_string(body.size());
  stream.open(*pair.broker, origin.port, pair.loop.now(), "PUT", false, {{"Host", "h"}, {"Content-Length", length}});
  REQUIRE(send_all(pair, stream, body));
  REQUIRE(pair.until([&origin, &body] {
    return !origin.peers.empty() && origin.peers[0]->received.size() >= body.size() &&
           origin.peers[0]->received.ends_with(body);
  }));
}
