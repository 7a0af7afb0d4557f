// Whether a server that a policy names can be connected to: its name is resolved, and of its addresses those are
// dialled that the broker may call. Nothing is sent. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker/admin/why_policy.h"
#include "common/http/web_url.h"
#include "common/origin/target_rule.h"
#include "common/uv/socket.h"
#include "common/uv/timer.h"

namespace ingress::broker::admin {

class WhyServer {
 public:
  static constexpr Duration kLimit{400};  // of the name and the connection together
  static constexpr size_t kMostAddresses = 8;
  using OnDone = std::function<void(ServerState state)>;

  // `on_done` once, later, and it may not destroy this; destroying it earlier gives it up.
  WhyServer(uv::Loop& loop, const http::WebUrl& url, const origin::TargetRule& targets, OnDone on_done);
  WhyServer(const WhyServer&) = delete;
  WhyServer& operator=(const WhyServer&) = delete;

 private:
  void on_resolved(const Result<std::vector<uv::Address>>& addresses);
  void on_connected(bool good);
  void finish(ServerState state);

  uv::Loop& loop_;
  const std::string host_;
  const origin::TargetRule targets_;
  OnDone on_done_;
  std::unique_ptr<uv::Resolving> resolving_;
  std::vector<std::unique_ptr<uv::Connecting>> attempts_;
  size_t failed_ = 0;
  uv::Timer timer_;
};

}  // namespace ingress::broker::admin
