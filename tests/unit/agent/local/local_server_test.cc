// The contract of port 8080, spoken in raw bytes over loopback.
#include "agent/local/local_server.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/uv/file_limit.h"
#include "tests/unit/common/origin/fake_origin.h"

using namespace ingress;
using namespace ingress::agent;
using origin::test::answering;
using origin::test::FakeOrigin;
using origin::test::pattern;
using origin::test::Peer;
using origin::test::run_until;

namespace {

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class Agent {
 public:
  explicit Agent(std::string secret = {}, TargetOptions targets = {})
      : pool(loop, {}), policy(std::move(targets)), secret_(std::move(secret)) {
    start({});
  }
  ~Agent() {
    clients.clear();
    bool done = false;
    server->close_all();
    server->drain([&done] { done = true; });
    run_until(loop, [&done] { return done; });
  }

  void start(const server::ConnectionOptions& connection, int descriptors = 0) {
    LocalOptions options;
    options.address = *uv::Address::parse("127.0.0.1:0");
    options.secret = secret_;
    options.connection = connection;
    options.descriptors = descriptors;
    auto started = LocalServer::start(loop, options, {pool, policy, [this] { return ready; }});
    REQUIRE(started.has_value());
    server = std::move(*started);
  }

  // A client that has sent `request`.
  Peer& client(std::string_view request) {
    const size_t before = clients.size();
    const auto connecting =
        uv::Connecting::connect(loop, server->address(), [this](Result<std::unique_ptr<uv::Socket>> socket) {
          REQUIRE(socket.has_value());
          clients.push_back(std::make_unique<Peer>(std::move(*socket)));
          clients.back()->socket->start_read();
        });
    run_until(loop, [this, before] { return clients.size() > before; });
    Peer& opened = *clients.back();
    opened.send(request);
    return opened;
  }
  // What a client that sends `request` has got once `ending` has come.
  std::string ask(std::string_view request, std::string_view ending) {
    Peer& asking = client(request);
    run_until(loop, [&asking, ending] { return asking.received.ends_with(ending) || asking.left(); });
    return asking.received;
  }
  std::string forwarded(const FakeOrigin& to) {
    return "GET /p?q=1 HTTP/1.1\r\nHost: mach.example:8443\r\nX-Iterate-Proxy-Target-Host: " + std::to_string(to.port) +
           "__mach.example\r\n";
  }

  uv::Loop loop;
  origin::OriginPool pool;
  TargetPolicy policy;
  bool ready = false;
  std::unique_ptr<LocalServer> server;
  std::vector<std::unique_ptr<Peer>> clients;

 private:
  std::string secret_;
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE("/health says OK, and /ready whether a tunnel is up") {
  Agent agent("s3cret");
  const std::string health = agent.ask("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "OK");
  CHECK(health.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(contains(health, "\r\nContent-Type: text/plain\r\n"));
  CHECK(health.ends_with("\r\n\r\nOK"));
  CHECK(agent.ask("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n", "is up").starts_with("HTTP/1.1 503 "));
  agent.ready = true;
  CHECK(agent.ask("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n", "OK").starts_with("HTTP/1.1 200 "));
  CHECK(agent.ask("HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n").ends_with("\r\n\r\n"));
  CHECK(agent.ask("GET /health HTTP/1.0\r\n\r\n", "OK").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("refusals have exactly the contract's status and body") {
  Agent agent;
  const int closed = FakeOrigin(agent.loop, {}).port;
  struct Case {
    std::string fields;
    const char* status;
    const char* body;
  };
  for (const Case& each :
       {Case{"", "400 Bad Request", R"({"error":"missing_proxy_target_host"})"},
        Case{"X-Iterate-Proxy-Target-Host: 0__a\r\n", "400 Bad Request", R"({"error":"invalid_proxy_target_host"})"},
        Case{"X-Iterate-Proxy-Target-Host: other:9000\r\n", "400 Bad Request",
             R"({"error":"invalid_proxy_target_host"})"},
        Case{"X-Iterate-Proxy-Target-Host: 1__a\r\nX-Iterate-Proxy-Target-Host: 1__a\r\n", "400 Bad Request",
             R"({"error":"invalid_proxy_target_host"})"},
        Case{"X-Iterate-Proxy-Target-Host: 2375__a\r\n", "403 Forbidden", R"({"error":"forbidden"})"},
        Case{"X-Iterate-Proxy-Target-Host: " + std::to_string(agent.server->address().port) + "__a\r\n",
             "403 Forbidden", R"({"error":"forbidden"})"},
        Case{"X-Iterate-Proxy-Target-Host: localhost:" + std::to_string(closed) + "\r\n", "502 Bad Gateway",
             R"({"error":"proxy_error"})"}}) {
    CAPTURE(each.fields);
    const std::string answer = agent.ask("GET / HTTP/1.1\r\nHost: a\r\n" + each.fields + "\r\n", each.body);
    CHECK(answer.starts_with(std::string("HTTP/1.1 ") + each.status + "\r\n"));
    CHECK(contains(answer, "\r\nContent-Type: application/json\r\n"));
    CHECK(answer.ends_with(std::string("\r\n\r\n") + each.body));
  }
}

TEST_CASE("what cannot be read, and CONNECT, is refused and the connection closed") {
  Agent agent;
  for (const char* request :
       {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
        "nonsense\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    CAPTURE(request);
    Peer& client = agent.client(request);
    run_until(agent.loop, [&client] { return client.left(); });
    CHECK(client.received.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(client.received.ends_with("\r\n\r\n{\"error\":\"bad_request\"}"));
    CHECK(contains(client.received, "\r\nConnection: close\r\n"));
  }
  Peer& connect = agent.client("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
  run_until(agent.loop, [&connect] { return connect.left(); });
  CHECK(connect.received.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
}

TEST_CASE("a secret is asked of every request but /health and /ready, and never forwarded") {
  Agent agent("s3cret");
  FakeOrigin origin(agent.loop, answering(kOk));
  const std::string head = agent.forwarded(origin);
  for (const char* field : {"", "X-Iterate-Project-Ingress-Secret: other\r\n"}) {
    const std::string answer = agent.ask(head + field + "\r\n", "\"}");
    CHECK(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
    CHECK(answer.ends_with("\r\n\r\n{\"error\":\"unauthorized\"}"));
  }
  CHECK(origin.peers.empty());
  CHECK(agent.ask(head + "X-Iterate-Project-Ingress-Secret: s3cret\r\n\r\n", "ok").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK_FALSE(contains(origin.last().received, "s3cret"));
  CHECK_FALSE(contains(origin.last().received, "Target-Host"));
}

TEST_CASE("a request reaches its port with the Host rewritten and the way it came written down") {
  Agent agent;
  FakeOrigin origin(agent.loop, answering("HTTP/1.1 207 Some\r\nX-Kept: Yes\r\nLocation: http://localhost:" +
                                          std::string("1/\r\nContent-Length: 2\r\n\r\nok")));
  const std::string answer =
      agent.ask(agent.forwarded(origin) + "X-Forwarded-For: 6.6.6.6\r\nAccept: a\r\nACCEPT: b\r\n\r\n", "ok");
  CHECK(answer.starts_with("HTTP/1.1 207 Some\r\n"));
  CHECK(contains(answer, "\r\nX-Kept: Yes\r\n"));
  const std::string& seen = origin.last().received;
  CHECK(seen.starts_with("GET /p?q=1 HTTP/1.1\r\nHost: localhost:" + std::to_string(origin.port) + "\r\n"));
  CHECK(contains(seen, "\r\nAccept: a\r\nACCEPT: b\r\n"));
  CHECK(contains(seen, "\r\nX-Forwarded-For: 127.0.0.1\r\n"));
  CHECK(contains(seen, "\r\nX-Forwarded-Host: mach.example:8443\r\n"));
  CHECK(contains(seen, "\r\nX-Forwarded-Proto: http\r\n"));
  CHECK(contains(seen, "\r\nX-Forwarded-Port: 8443\r\n"));
  CHECK(contains(seen, "\r\nX-Iterate-Proxy-Via: mach.example:8443\r\n"));
  CHECK_FALSE(contains(seen, "6.6.6.6"));
}

TEST_CASE("pipelined requests are answered in their order over one connection each way") {
  Agent agent;
  FakeOrigin origin(agent.loop, answering(kOk));
  const std::string request = agent.forwarded(origin) + "\r\n";
  Peer& client = agent.client(request + request + request);
  run_until(agent.loop, [&client] { return client.received.size() >= 3 * std::string(kOk).size(); });
  CHECK(client.received == std::string(kOk) + kOk + kOk);
  CHECK(origin.peers.size() == 1);
}

TEST_CASE("an HTTP/1.0 client without a Host gets a chunked answer unchunked, ended by the connection") {
  Agent agent;
  FakeOrigin origin(agent.loop,
                    answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  Peer& client = agent.client(
      "GET / HTTP/1.0\r\nX-Iterate-Proxy-Target-Host: localhost:" + std::to_string(origin.port) + "\r\n\r\n");
  run_until(agent.loop, [&client] { return client.left(); });
  CHECK(client.received.ends_with("\r\n\r\nabc"));
  CHECK_FALSE(contains(client.received, "chunked"));
}

TEST_CASE("Expect, 1xx, a chunked body and trailers cross both ways") {
  Agent agent;
  FakeOrigin origin(agent.loop, [](Peer& peer) {
    if (peer.received.ends_with("\r\n\r\n") && !contains(peer.received, "up")) {
      peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    } else if (peer.received.ends_with("X-Up: 1\r\n\r\n")) {
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndown\r\n0\r\nX-Down: 2\r\n\r\n");
    }
  });
  Peer& client = agent.client(
      "POST / HTTP/1.1\r\nHost: a\r\nX-Iterate-Proxy-Target-Host: localhost:" + std::to_string(origin.port) +
      "\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  run_until(agent.loop, [&client] { return client.received == "HTTP/1.1 100 Continue\r\n\r\n"; });
  client.send("2\r\nup\r\n0\r\nX-Up: 1\r\n\r\n");
  run_until(agent.loop, [&client] { return client.received.ends_with("X-Down: 2\r\n\r\n"); });
  CHECK(contains(client.received, "\r\n\r\n4\r\ndown\r\n0\r\n"));
  CHECK(contains(origin.last().received, "\r\n2\r\nup\r\n0\r\nX-Up: 1\r\n\r\n"));
}

TEST_CASE("an event stream's pieces arrive as they are written") {
  Agent agent;
  FakeOrigin origin(
      agent.loop,
      answering("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"));
  Peer& client = agent.client(agent.forwarded(origin) + "\r\n");
  run_until(agent.loop, [&client] { return client.has_head(); });
  for (const char* event : {"data: 1\n\n", "data: 2\n\n"}) {
    origin.last().send("9\r\n" + std::string(event) + "\r\n");
    run_until(agent.loop,
              [&client, event] { return client.received.ends_with("9\r\n" + std::string(event) + "\r\n"); });
  }
}

TEST_CASE("an upgraded connection is opaque, and half-closes cross it both ways") {
  for (const bool origin_first : {true, false}) {
    CAPTURE(origin_first);
    Agent agent;
    FakeOrigin origin(agent.loop,
                      answering("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"));
    Peer& client = agent.client(agent.forwarded(origin) + "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    run_until(agent.loop, [&client] { return client.has_head(); });
    CHECK(client.received.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    CHECK(contains(client.received, "\r\nUpgrade: echo\r\n"));
    CHECK(contains(origin.last().received, "\r\nUpgrade: echo\r\n"));
    Peer& server = origin.last();
    server.then_read = nullptr;
    client.received.clear();
    server.received.clear();
    client.send("ping");
    run_until(agent.loop, [&server] { return server.received == "ping"; });
    Peer& first = origin_first ? server : client;
    Peer& second = origin_first ? client : server;
    first.send("bye");
    first.socket->shutdown();
    run_until(agent.loop, [&second] { return second.ended; });
    CHECK(second.received.ends_with("bye"));
    second.send("still here");
    second.socket->shutdown();
    run_until(agent.loop, [&first] { return first.ended; });
    CHECK(first.received.ends_with("still here"));
  }
}

TEST_CASE("a client that leaves ends its origin's request") {
  Agent agent;
  FakeOrigin origin(agent.loop, {});
  Peer& client = agent.client(agent.forwarded(origin) + "\r\n");
  run_until(agent.loop, [&origin] { return !origin.peers.empty() && origin.last().has_head(); });
  client.socket->reset_on_close();
  client.close();
  run_until(agent.loop, [&origin] { return origin.last().left(); });
}

TEST_CASE("an origin that breaks its answer off cuts the client's, so that it can tell") {
  Agent agent;
  FakeOrigin origin(agent.loop, [](Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    peer.close();
  });
  Peer& client = agent.client(agent.forwarded(origin) + "\r\n");
  run_until(agent.loop, [&client] { return client.left(); });
  CHECK_FALSE(client.received.ends_with("0\r\n\r\n"));
}

TEST_CASE("an ambiguous answer is a 502") {
  Agent agent;
  FakeOrigin origin(
      agent.loop,
      answering("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"));
  const std::string answer = agent.ask(agent.forwarded(origin) + "\r\n", "\"}");
  CHECK(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
  CHECK(answer.ends_with("{\"error\":\"proxy_error\"}"));
}

TEST_CASE("megabytes cross whole both ways, past a client and an origin that pause") {
  const std::string body = pattern(6'000'000);
  const std::string length = std::to_string(body.size());
  Agent agent;
  FakeOrigin origin(agent.loop, [&body, &length](Peer& peer) {
    if (peer.received.size() < body.size() || !peer.received.ends_with(body)) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n" + body);
  });
  origin.reading = false;
  Peer& client = agent.client("PUT / HTTP/1.1\r\nHost: a\r\nX-Iterate-Proxy-Target-Host: localhost:" +
                              std::to_string(origin.port) + "\r\nContent-Length: " + length + "\r\n\r\n" + body);
  client.socket->pause_read();
  run_until(agent.loop, [&origin] { return !origin.peers.empty(); });
  origin.last().socket->start_read();
  run_until(agent.loop, [&origin, &body] { return origin.last().received.size() >= body.size(); });
  client.socket->start_read();
  run_until(agent.loop, [&client, &body] { return client.received.ends_with(body); });
  CHECK(client.received.starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a host that is not this machine is reached only where it was allowed") {
  Agent agent;
  FakeOrigin origin(agent.loop, answering(kOk), "127.0.0.2:0");
  const std::string other = "127.0.0.2:" + std::to_string(origin.port);
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX-Iterate-Proxy-Target-Host: " + other + "\r\n\r\n";
  CHECK(agent.ask(request, "\"}").ends_with("{\"error\":\"invalid_proxy_target_host\"}"));
  TargetOptions options;
  options.allow_targets = {*NamedTarget::parse(other)};
  agent.policy = TargetPolicy(options);
  CHECK(agent.ask(request, "ok").starts_with("HTTP/1.1 200 "));
  CHECK(contains(origin.last().received, "\r\nHost: localhost:" + std::to_string(origin.port) + "\r\n"));
}

TEST_CASE("a request whose head does not come in time is answered and closed, an idle connection closed") {
  Agent agent;
  agent.server->drain([] {});
  server::ConnectionOptions quick;
  quick.head_timeout = Duration{1};
  quick.keep_alive_timeout = Duration{1};
  agent.start(quick);
  Peer& slow = agent.client("GET / HT");
  run_until(agent.loop, [&slow] { return slow.left(); });
  CHECK(slow.received.starts_with("HTTP/1.1 408 "));
  Peer& idle = agent.client("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  run_until(agent.loop, [&idle] { return idle.left(); });
  CHECK(idle.received.ends_with("\r\n\r\nOK"));
}

TEST_CASE("where descriptors run short, who waits without a request gives way, and who runs stays") {
  Agent agent;
  FakeOrigin origin(agent.loop, {});
  agent.start({}, uv::lowest_free_descriptor() + 24);
  Peer& running = agent.client(agent.forwarded(origin) + "\r\n");
  run_until(agent.loop, [&origin] { return !origin.peers.empty() && origin.last().has_head(); });
  std::vector<Peer*> strangers(12);
  for (Peer*& stranger : strangers) stranger = &agent.client("");
  run_until(agent.loop, [&strangers] {
    return std::any_of(strangers.begin(), strangers.end(), [](const Peer* stranger) { return stranger->left(); });
  });
  CHECK(agent.ask("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "OK").starts_with("HTTP/1.1 200 "));
  CHECK_FALSE(running.left());
  origin.last().send(kOk);
  run_until(agent.loop, [&running] { return running.received.ends_with("ok"); });
}

TEST_CASE("draining lets a running exchange end, and takes no new one") {
  Agent agent;
  FakeOrigin origin(agent.loop, {});
  Peer& client = agent.client(agent.forwarded(origin) + "\r\n");
  run_until(agent.loop, [&origin] { return !origin.peers.empty() && origin.last().has_head(); });
  bool drained = false;
  agent.server->drain([&drained] { drained = true; });
  CHECK_FALSE(drained);
  origin.last().send(kOk);
  run_until(agent.loop, [&client] { return client.left(); });
  client.close();
  run_until(agent.loop, [&drained] { return drained; });
  CHECK(client.received.ends_with("\r\n\r\nok"));
  CHECK(contains(client.received, "\r\nConnection: close\r\n"));
}

TEST_CASE("a port that is taken is an error with its errno") {
  Agent agent;
  LocalOptions options;
  options.address = agent.server->address();
  const auto second = LocalServer::start(agent.loop, options, {agent.pool, agent.policy, [] { return true; }});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().sys_errno == EADDRINUSE);
}
