// An agent without its program.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/session/origin_streams.h"
#include "agent/session/tunnel_set.h"
#include "tests/unit/agent/session/test_loop.h"

namespace ingress::agent::test {

struct Agent {
  explicit Agent(uv::Loop& event_loop, int broker_port, const std::string& ca_file, int connections = 1)
      : loop(event_loop) {
    auto context = tls::ClientContext::create(ca_file, {std::string(kTunnelAlpn)});
    REQUIRE(context.has_value());
    tls = std::move(*context);
    config.broker = {"localhost", broker_port};
    config.machine = "mach_1";
    config.token.value = "secret";
    config.agent_version = "1.2.3";
    config.instance = "0123456789abcdef";
    config.labels = {{"region", "fra"}};
    config.connections = connections;
    config.tls = tls.get();
  }
  ~Agent() {
    if (set == nullptr) return;
    bool closed = false;
    if (!drained) set->drain([&closed] { closed = true; });
    set->close();
    if (!drained) CHECK(run_until(loop, [&closed] { return closed; }));
  }

  void start() {
    set = std::make_unique<TunnelSet>(
        loop, config, streams, 1, [this] { ++changes; }, [] {});
    set->set_on_instance([this](const std::string& instance) { config.instance = instance; });
    set->set_on_trouble([this](const char*, std::string sentence) { troubles.push_back(std::move(sentence)); });
    set->start();
  }
  bool serves(size_t slots) {
    return run_until(loop, [this, slots] { return set->serving() == slots; });
  }

  uv::Loop& loop;
  std::unique_ptr<tls::ClientContext> tls;
  TunnelConfig config;
  origin::OriginPool pool{loop, origin::PoolLimits{}};
  TargetPolicy policy{TargetOptions{}};
  OriginStreams streams{loop, pool, policy, origin::Timeouts{}};
  std::unique_ptr<TunnelSet> set;
  int changes = 0;
  std::vector<std::string> troubles;
  bool drained = false;
};

}  // namespace ingress::agent::test
