// A broker's and an agent's session joined by memory, the agent's streams served by real exchanges.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "agent/session/origin_streams.h"
#include "agent/target/target_policy.h"
#include "common/origin/origin_pool.h"
#include "common/tunnel/session.h"
#include "proto/tunnel.pb.h"
#include "tests/unit/agent/session/broker_streams.h"
#include "tests/unit/agent/session/test_loop.h"

namespace ingress::agent::test {

class MemorySink final : public tunnel::FrameSink {
 public:
  void write(Bytes bytes) override { queue += as_text(bytes); }
  size_t room() const override { return room_bytes; }

  std::string queue;
  size_t room_bytes = size_t{256} * 1024;
};

class SessionPair {
 public:
  explicit SessionPair(const TargetOptions& options = {})
      : policy(options), streams(loop, pool, policy, timeouts()), agent_end_(streams) {
    broker.emplace(tunnel::Role::kBroker, broker_end_, to_agent, limits_, loop.now());
    agent.emplace(tunnel::Role::kAgent, agent_end_, to_broker, limits_, loop.now());
    tunnel::pb::Hello hello;
    hello.add_versions(1);
    hello.set_machine("mach_1");
    hello.set_instance("0123456789abcdef");
    agent->send_hello(hello);
    pump();
    broker->send_welcome(tunnel::pb::Welcome());
    pump();
    REQUIRE(agent->established());
  }
  ~SessionPair() {
    const Error error{ErrorCode::kClosed, Side::kTunnel, false, 0, "the test is over"};
    broker->lost(error);
    agent->lost(error);
  }

  // Carries what either end wrote to the other, one byte at a time where `step` is 1.
  void pump(size_t step = 100000) {
    while (!to_agent.queue.empty() || !to_broker.queue.empty()) {
      deliver(to_agent, *agent, step);
      deliver(to_broker, *broker, step);
    }
  }
  // Runs the loop, carrying frames, until `is_true`.
  bool until(const std::function<bool()>& is_true) {
    return run_until(loop, [this, &is_true] {
      pump();
      agent->on_room();
      broker->on_room();
      return is_true();
    });
  }

  uv::Loop loop;
  origin::OriginPool pool{loop, origin::PoolLimits{}};
  TargetPolicy policy;
  OriginStreams streams;
  MemorySink to_agent, to_broker;
  std::optional<tunnel::Session> broker, agent;

 private:
  class BrokerEnd final : public tunnel::SessionHandler {
    void on_failed(const Error& error) override { FAIL(error.context); }
  };
  class AgentEnd final : public tunnel::SessionHandler {
   public:
    explicit AgentEnd(OriginStreams& streams) : streams_(streams) {}

   private:
    tunnel::StreamHandler* on_open(tunnel::Stream& stream, const tunnel::OpenHead& open, bool end) override {
      return streams_.open(stream, open, end);
    }
    void on_failed(const Error& error) override { FAIL(error.context); }
    OriginStreams& streams_;
  };

  static origin::Timeouts timeouts() { return {}; }

  void deliver(MemorySink& from, tunnel::Session& to, size_t step) {
    std::string bytes;
    bytes.swap(from.queue);
    for (size_t i = 0; i < bytes.size(); i += step) {
      std::string piece(kHeadroomBytes, ' ');
      piece += bytes.substr(i, step);
      to.receive({reinterpret_cast<uint8_t*>(piece.data()) + kHeadroomBytes, piece.size() - kHeadroomBytes},
                 loop.now());
    }
  }

  tunnel::SessionLimits limits_;
  BrokerEnd broker_end_;
  AgentEnd agent_end_;
};

}  // namespace ingress::agent::test
