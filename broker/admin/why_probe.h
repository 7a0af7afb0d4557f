// A live probe of a machine's port through its tunnel: whether the agent can connect to it. Thread: the loop's.
#pragma once

#include <functional>
#include <string_view>

#include "broker/admin/why_report.h"
#include "broker/carrier/carrier.h"

namespace ingress::broker::admin {

class WhyProbe final : private tunnel::StreamHandler {
 public:
  // Destroying a probe gives it up. `on_done` may be called from inside start(), and may not destroy the probe.
  explicit WhyProbe(std::function<void(WhyFinding)> on_done) : on_done_(std::move(on_done)) {}
  ~WhyProbe();
  WhyProbe(const WhyProbe&) = delete;
  WhyProbe& operator=(const WhyProbe&) = delete;

  void start(Carrier& carrier, std::string_view machine, int port);

 private:
  void on_head(const http::ResponseHead& head, bool end) override;
  void on_data(MutableBytes payload, bool end) override;
  void on_trailers(const http::Fields&) override {}
  void on_sendable() override {}
  void on_closed(const Error& error, tunnel::ResetCode code) override;
  void finish(WhyFinding finding);

  std::function<void(WhyFinding)> on_done_;
  CarriedStream stream_;
  int port_ = 0;
};

}  // namespace ingress::broker::admin
