#include "agent/session/tunnel_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "agent/session/machine_config_of.h"
#include "agent/session/origin_streams.h"
#include "agent/session/reconnect_schedule.h"
#include "agent/session/tunnel_client.h"
#include "common/uv/free_address.h"
#include "tests/unit/agent/session/broker_streams.h"
#include "tests/unit/agent/session/fake_broker.h"
#include "tests/unit/agent/session/silent_address.h"
#include "tests/unit/agent/session/test_agent.h"
#include "tests/unit/agent/session/test_loop.h"
#include "tests/unit/agent/session/test_origin.h"

using namespace ingress;
using namespace ingress::agent;
using namespace ingress::agent::test;

namespace {

// Passes bytes between an agent and the broker after it has answered a CONNECT.
class FakeProxy {
 public:
  FakeProxy(uv::Loop& loop, int broker_port, std::string answer) : loop_(loop), answer_(std::move(answer)) {
    broker_ = uv::Address::parse("127.0.0.1:1").value();
    broker_.port = broker_port;
    auto listener = uv::Listener::listen(loop, uv::Address::parse("127.0.0.1:0").value(),
                                         [this](std::unique_ptr<uv::Socket> socket) {
                                           ways_.push_back(std::make_unique<Way>(*this, std::move(socket)));
                                         });
    REQUIRE(listener.has_value());
    listener_ = std::move(*listener);
    port = listener_->local().port;
  }

  int port = 0;
  std::string request;

 private:
  struct Side final : uv::SocketHandler {
    void on_read(MutableBytes bytes) override { on_bytes(bytes); }
    void on_read_end() override {
      if (other != nullptr) other->shutdown();
    }
    void on_failed(const Error&) override {}
    void on_write_drained() override {}
    std::function<void(MutableBytes)> on_bytes;
    uv::Socket* other = nullptr;
  };
  struct Way {
    Way(FakeProxy& proxy, std::unique_ptr<uv::Socket> socket) : agent(std::move(socket)) {
      agent_side.on_bytes = [this, &proxy](MutableBytes bytes) {
        proxy.request += as_text(bytes);
        if (!proxy.request.ends_with("\r\n\r\n") || connecting != nullptr) return;
        connecting = uv::Connecting::connect(proxy.loop_, proxy.broker_,
                                             [this, &proxy](Result<std::unique_ptr<uv::Socket>> connected) {
                                               REQUIRE(connected.has_value());
                                               join(proxy, std::move(*connected));
                                             });
      };
      agent->set_handler(&agent_side);
      agent->start_read();
    }
    void join(FakeProxy& proxy, std::unique_ptr<uv::Socket> socket) {
      broker = std::move(socket);
      broker_side.other = agent.get();
      agent_side.other = broker.get();
      broker_side.on_bytes = [this](MutableBytes bytes) { agent->write(bytes); };
      agent_side.on_bytes = [this](MutableBytes bytes) { broker->write(bytes); };
      broker->set_handler(&broker_side);
      broker->start_read();
      // In two pieces: the answer's end comes apart.
      agent->write(as_bytes(std::string_view(proxy.answer_).substr(0, 7)));
      agent->write(as_bytes(std::string_view(proxy.answer_).substr(7)));
    }
    Side agent_side, broker_side;
    std::unique_ptr<uv::Connecting> connecting;
    std::unique_ptr<uv::Socket> agent, broker;
  };

  uv::Loop& loop_;
  std::string answer_;
  uv::Address broker_;
  std::unique_ptr<uv::Listener> listener_;
  std::vector<std::unique_ptr<Way>> ways_;
};

}  // namespace

TEST_CASE("an agent says who it is and serves after WELCOME") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file, 3);
  agent.start();
  REQUIRE(agent.serves(3));
  CHECK(agent.changes == 3);
  REQUIRE(broker.ends.size() == 3);
  std::set<uint32_t> slots;
  for (const auto& end : broker.ends) {
    CHECK(end->hello.machine() == "mach_1");
    CHECK(end->hello.token() == "secret");
    CHECK(end->hello.instance() == "0123456789abcdef");
    CHECK(end->hello.agent_version() == "1.2.3");
    CHECK(end->hello.versions_size() == 1);
    CHECK(end->hello.labels().at("region") == "fra");
    slots.insert(end->hello.slot());
  }
  CHECK(slots == std::set<uint32_t>{0, 1, 2});
}

TEST_CASE("a request goes all the way to an origin and back") {
  uv::Loop loop;
  FakeBroker broker(loop);
  TestOrigin origin(loop, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(agent.serves(1));
  BrokerStream stream;
  stream.open(broker.last().session, origin.port, loop.now());
  REQUIRE(run_until(loop, [&stream] { return stream.ended; }));
  CHECK(stream.body == "hello");
}

TEST_CASE("a broker that is killed and comes back has its tunnel again, again and again") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(agent.serves(1));
  for (int i = 0; i < 3; ++i) {
    broker.kill();
    REQUIRE(agent.serves(0));
    broker.listen(broker.port);
    REQUIRE(agent.serves(1));
    CHECK(broker.up() == 1);
  }
  CHECK(agent.changes == 7);
}

TEST_CASE("an agent that starts before its broker waits for it") {
  uv::Loop loop;
  FakeBroker broker(loop);
  broker.stop_listening();
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  int looks = 0;
  REQUIRE(run_until(loop, [&looks] { return ++looks > 50; }));
  CHECK(agent.set->serving() == 0);
  broker.listen(broker.port);
  REQUIRE(agent.serves(1));
}

TEST_CASE("a refused agent says so, waits, and asks again") {
  uv::Loop loop;
  FakeBroker broker(loop);
  broker.on_hello = [&broker](FakeBroker::End& end) {
    if (broker.hellos < 3) {
      end.refuse(tunnel::pb::Refused::BROKER_BUSY, false);
    } else {
      end.welcome();
    }
  };
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(agent.serves(1));
  CHECK(broker.hellos == 3);
}

TEST_CASE("a permanent refusal stops the hurry") {
  uv::Loop loop;
  FakeBroker broker(loop);
  broker.on_hello = [](FakeBroker::End& end) { end.refuse(tunnel::pb::Refused::BAD_TOKEN, true); };
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(run_until(loop, [&broker] { return broker.hellos == 1 && broker.last().gone; }));
  // Longer than the longest ordinary wait of a young outage.
  const Time refused = loop.now();
  REQUIRE(run_until(loop, [&loop, refused] { return loop.now() - refused > 3 * ReconnectSchedule::kYoungCap; }));
  CHECK(broker.hellos == 1);
}

TEST_CASE("the token is read anew for each HELLO") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.config.token.value.clear();
  agent.config.token.file = broker.folder.path + "/token";
  std::ofstream(agent.config.token.file) << "first\n";
  agent.start();
  REQUIRE(agent.serves(1));
  CHECK(broker.last().hello.token() == "first");
  std::ofstream(agent.config.token.file) << "second\n";
  broker.last().kill();
  REQUIRE(run_until(loop, [&broker] { return broker.up() == 1 && broker.hellos == 2; }));
  CHECK(broker.last().hello.token() == "second");
}

TEST_CASE("a token file that is corrected is tried without waiting for the slow retry") {
  uv::Loop loop;
  FakeBroker broker(loop);
  broker.on_hello = [](FakeBroker::End& end) {
    if (end.hello.token() == "good") return end.welcome();
    end.refuse(tunnel::pb::Refused::BAD_TOKEN, true);
  };
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.config.token.value.clear();
  agent.config.token.file = broker.folder.path + "/token";
  std::ofstream(agent.config.token.file) << "bad\n";
  agent.start();
  REQUIRE(run_until(loop, [&broker] { return broker.hellos == 1 && broker.last().gone; }));
  std::ofstream(agent.config.token.file) << "good\n";
  REQUIRE(agent.serves(1));
  CHECK(broker.hellos == 2);
}

TEST_CASE("a broker whose certificate nobody vouches for gets no HELLO") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, "");
  agent.start();
  REQUIRE(run_until(loop, [&broker] { return broker.accepted >= 2; }));
  CHECK(agent.set->serving() == 0);
  for (const auto& end : broker.ends) CHECK(end->hello.machine().empty());
}

TEST_CASE("of several addresses the failure that got furthest is told, not the last address's refusal") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, "");
  agent.start();  // localhost: 127.0.0.1, where the broker is, and [::1], where nobody is
  REQUIRE(run_until(loop, [&broker, &agent] { return broker.accepted >= 4 && !agent.troubles.empty(); }));
  for (const std::string& trouble : agent.troubles) {
    CHECK(trouble.find("tls_failed") != std::string::npos);
    CHECK(trouble.find("connect") == std::string::npos);
  }
}

TEST_CASE("a certificate for another name gets no HELLO") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file);
  // The name is never resolved: the proxy connects to the test's broker whatever it is asked for.
  agent.config.broker.host = "other.example";
  FakeProxy proxy(loop, broker.port, "HTTP/1.1 200 OK\r\n\r\n");
  agent.config.proxy = Proxy{"127.0.0.1", proxy.port, ""};
  agent.start();
  REQUIRE(run_until(loop, [&broker] { return broker.accepted >= 1 && !broker.ends.empty() && broker.ends[0]->gone; }));
  CHECK(broker.ends[0]->hello.machine().empty());
}

TEST_CASE("a server that does not speak the tunnel's protocol gets no HELLO") {
  uv::Loop loop;
  FakeBroker broker(loop, {"http/1.1"});
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(run_until(loop, [&broker] { return broker.accepted >= 2; }));
  CHECK(agent.set->serving() == 0);
  for (const auto& end : broker.ends) CHECK(end->hello.machine().empty());
}

TEST_CASE("a proxy is asked to CONNECT and the tunnel runs through it") {
  uv::Loop loop;
  FakeBroker broker(loop);
  FakeProxy proxy(loop, broker.port, "HTTP/1.1 200 Connection established\r\n\r\n");
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.config.proxy = Proxy{"127.0.0.1", proxy.port, "Basic YQ=="};
  agent.start();
  REQUIRE(agent.serves(1));
  const std::string authority = "localhost:" + std::to_string(broker.port);
  CHECK(proxy.request ==
        "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\nProxy-Authorization: Basic YQ==\r\n\r\n");
}

TEST_CASE("a proxy that refuses is asked again") {
  uv::Loop loop;
  FakeBroker broker(loop);
  FakeProxy proxy(loop, broker.port, "HTTP/1.1 502 Bad Gateway\r\n\r\n");
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.config.proxy = Proxy{"127.0.0.1", proxy.port, ""};
  agent.start();
  REQUIRE(run_until(loop, [&broker, &agent] { return broker.accepted >= 2 && agent.troubles.size() >= 2; }));
  CHECK(agent.set->serving() == 0);
  // Each time, and whose answer it was.
  const std::string proxied = "by the proxy 127.0.0.1:" + std::to_string(proxy.port) + ": it answered 502: ";
  for (const std::string& trouble : agent.troubles) CHECK(trouble.find(proxied) != std::string::npos);
}

TEST_CASE("a proxy whose name has no address is named, and not the broker") {
  uv::Loop loop;
  Agent agent(loop, 1, "");
  agent.config.proxy = Proxy{"no name at all", 3128, ""};
  agent.start();
  REQUIRE(run_until(loop, [&agent] { return !agent.troubles.empty(); }));
  CHECK(agent.troubles[0].starts_with(
      "localhost:1: by the proxy no name at all:3128: the name no name at all: tunnel: resolve_failed: "));
}

TEST_CASE("GOAWAY opens the next tunnel first, the old one serves until then and runs dry") {
  uv::Loop loop;
  FakeBroker broker(loop);
  TestOrigin origin(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(agent.serves(1));
  FakeBroker::End& old = *broker.ends[0];
  BrokerStream stream;
  stream.open(old.session, origin.port, loop.now());
  REQUIRE(run_until(loop, [&origin] { return !origin.peers.empty() && !origin.peers[0]->received.empty(); }));
  // The next tunnel's WELCOME waits for the test.
  FakeBroker::End* next = nullptr;
  broker.on_hello = [&next](FakeBroker::End& end) { next = &end; };
  old.goaway(tunnel::pb::Goaway::MIGRATE);
  REQUIRE(run_until(loop, [&next] { return next != nullptr; }));
  CHECK(agent.set->serving() == 1);
  CHECK_FALSE(old.agent_drains);
  BrokerStream late;
  late.open(old.session, origin.port, loop.now());
  REQUIRE(late.stream != nullptr);
  REQUIRE(run_until(loop, [&origin] { return origin.peers.size() == 2 && !origin.peers[1]->received.empty(); }));
  next->welcome();
  REQUIRE(run_until(loop, [&old] { return old.agent_drains; }));
  CHECK(agent.set->serving() == 1);
  CHECK_FALSE(old.gone);
  for (const auto& peer : origin.peers) peer->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(run_until(loop, [&stream, &late, &old] { return stream.ended && late.ended && old.gone; }));
  CHECK(stream.body == "ok");
  CHECK(late.body == "ok");
  CHECK(agent.set->serving() == 1);
  CHECK(broker.up() == 1);
  CHECK(agent.changes == 1);
}

TEST_CASE("draining lets running streams end, says GOAWAY, and closes") {
  uv::Loop loop;
  FakeBroker broker(loop);
  TestOrigin origin(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file, 2);
  agent.start();
  REQUIRE(agent.serves(2));
  BrokerStream stream;
  stream.open(broker.last().session, origin.port, loop.now());
  REQUIRE(run_until(loop, [&origin] { return !origin.peers.empty() && !origin.peers[0]->received.empty(); }));
  bool closed = false;
  agent.set->drain([&closed] { closed = true; });
  REQUIRE(run_until(loop, [&broker] { return broker.ends[0]->agent_drains && broker.ends[1]->agent_drains; }));
  REQUIRE(run_until(loop, [&broker] { return broker.up() == 1; }));
  CHECK_FALSE(closed);
  origin.peers[0]->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(run_until(loop, [&closed] { return closed; }));
  CHECK(stream.body == "ok");
  agent.drained = true;
}

TEST_CASE("draining while the broker is away ends at once") {
  uv::Loop loop;
  FakeBroker broker(loop);
  broker.silent = true;
  Agent agent(loop, broker.port, broker.folder.ca_file, 2);
  agent.start();
  REQUIRE(run_until(loop, [&broker] { return broker.accepted == 2; }));
  bool closed = false;
  agent.set->drain([&closed] { closed = true; });
  REQUIRE(run_until(loop, [&closed] { return closed; }));
  agent.drained = true;
}

TEST_CASE("after many reconnects no stream, no session and no connection is left over") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file, 2);
  agent.start();
  REQUIRE(agent.serves(2));
  for (int i = 0; i < 8; ++i) {
    broker.last().kill();
    const size_t ends = broker.ends.size();
    REQUIRE(run_until(loop, [&broker, ends] { return broker.ends.size() > ends && broker.up() == 2; }));
  }
  CHECK(agent.serves(2));
  CHECK(agent.set->stream_count() == 0);
}

TEST_CASE("what listens is told on every tunnel, on each that comes, and again when it is something else") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file, 2);
  agent.set = std::make_unique<TunnelSet>(
      loop, agent.config, agent.streams, 1, [] {}, [] {});
  agent.set->tell({{{3000, "node"}}, false});
  agent.set->start();
  REQUIRE(agent.serves(2));
  const auto heard = [&broker](size_t count) {
    return std::all_of(broker.ends.begin(), broker.ends.end(),
                       [count](const auto& end) { return end->gone || end->events.size() == count; });
  };
  REQUIRE(run_until(loop, [&heard] { return heard(1); }));
  agent.set->tell({{{3000, "node"}, {4000, ""}}, true});
  REQUIRE(run_until(loop, [&heard] { return heard(2); }));
  for (const auto& end : broker.ends) {
    CHECK(end->events[0].ports().revision() == 1);
    CHECK(end->events[0].ports().ports(0).process() == "node");
    CHECK(end->events[1].ports().revision() == 2);
    CHECK(end->events[1].ports().ports(1).number() == 4000);
    CHECK(end->events[1].ports().more());
  }
  const size_t before = broker.ends.size();
  broker.ends.front()->kill();
  REQUIRE(
      run_until(loop, [&broker, before] { return broker.ends.size() > before && broker.last().events.size() == 1; }));
  CHECK(broker.last().events[0].ports().revision() == 2);
}

TEST_CASE("CONFIG is taken from the tunnel that serves, and a broker that sends none leaves what was there") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file, 1);
  agent.set = std::make_unique<TunnelSet>(
      loop, agent.config, agent.streams, 1, [] {}, [] {});
  std::vector<MachineConfig> heard;
  agent.set->set_on_config([&heard](const tunnel::pb::Config& config) { heard.push_back(machine_config_of(config)); });
  agent.set->start();
  REQUIRE(agent.serves(1));
  CHECK(heard.empty());
  tunnel::pb::Config config;
  config.set_default_port(5000);
  config.add_other_ports(70000);
  config.add_other_ports(81);
  config.add_other_ports(80);
  broker.last().session.send_config(config);
  REQUIRE(run_until(loop, [&heard] { return heard.size() == 1; }));
  CHECK(heard[0].default_port == 5000);
  CHECK(heard[0].https_port == 443);
  CHECK(heard[0].other_ports == std::vector<int>{80, 81});
}

TEST_CASE("streams that run on in tunnels to an earlier process of the broker are told to the next one") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file, 1);
  agent.start();
  REQUIRE(agent.serves(1));
  FakeBroker::End& old = broker.last();
  const TestOrigin origin(loop);
  BrokerStream running;
  running.open(old.session, origin.port, loop.now());
  REQUIRE(running.stream != nullptr);
  REQUIRE(run_until(loop, [&origin] { return !origin.peers.empty(); }));
  broker.broker_id = "br_next";
  old.goaway(tunnel::pb::Goaway::MIGRATE);
  const auto left = [&broker, &old](uint32_t open) {
    const auto& events = broker.last().events;
    return &broker.last() != &old && !events.empty() && events.back().has_left() && events.back().left().open() == open;
  };
  REQUIRE(run_until(loop, [&left] { return left(1); }));
  running.cancel();
  CHECK(run_until(loop, [&left] { return left(0); }));
}

TEST_CASE("a broker that is upgraded again and again cuts no stream, as long as its processes run") {
  uv::Loop loop;
  FakeBroker broker(loop);
  const TestOrigin origin(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(agent.serves(1));
  constexpr size_t kUpgrades = TunnelClient::kMostOldSessions;
  std::vector<std::unique_ptr<BrokerStream>> streams;
  const auto upgrade = [&loop, &broker, &origin, &streams] {
    FakeBroker::End& old = broker.last();
    streams.push_back(std::make_unique<BrokerStream>());
    streams.back()->open(old.session, origin.port, loop.now());
    REQUIRE(run_until(loop, [&origin, &streams] { return origin.peers.size() == streams.size(); }));
    old.goaway(tunnel::pb::Goaway::MIGRATE);
    REQUIRE(run_until(loop, [&old] { return old.agent_drains; }));
  };
  for (size_t i = 0; i < kUpgrades; ++i) upgrade();
  CHECK(std::none_of(streams.begin(), streams.end(), [](const auto& stream) { return stream->closed; }));
  CHECK(agent.set->stream_count() == kUpgrades);
  // One more: the oldest is cut, and no other.
  upgrade();
  REQUIRE(run_until(loop, [&streams] { return streams.front()->closed; }));
  CHECK(std::none_of(streams.begin() + 1, streams.end(), [](const auto& stream) { return stream->closed; }));
  CHECK(agent.set->stream_count() == kUpgrades);
}

TEST_CASE("how long a PING may take when the network changes follows the way's round trip, within limits") {
  const auto limit = [](int64_t ms) { return TunnelClient::probe_limit(Duration{ms}).count(); };
  CHECK(limit(0) == 600);
  CHECK(limit(20) == 600);
  CHECK(limit(200) == 800);
  CHECK(limit(800) == 2600);
  CHECK(limit(5000) == 3000);
}

TEST_CASE("a broker at one address is reached though another one is silent, and that is tried last from then on") {
  if (!uv::is_free({"::1", 0, ""})) return;  // no IPv6 here
  uv::Loop loop;
  FakeBroker broker(loop);
  broker.stop_listening();
  broker.listen(broker.port, "::1");
  const SilentAddress silent(broker.port);
  Agent agent(loop, broker.port, broker.folder.ca_file, 2);
  agent.start();
  REQUIRE(agent.serves(2));
  for (int i = 0; i < 2; ++i) {
    broker.kill();
    REQUIRE(agent.serves(0));
    broker.listen(broker.port, "::1");
    REQUIRE(agent.serves(2));
  }
  for (const TunnelState& state : agent.set->shown()) CHECK(state.address.starts_with("[::1]:"));
}
