#include "broker/admin/why_server.h"

#include <utility>

namespace ingress::broker::admin {

WhyServer::WhyServer(uv::Loop& loop, const http::WebUrl& url, const origin::TargetRule& targets, OnDone on_done)
    : loop_(loop), host_(url.host), targets_(targets), on_done_(std::move(on_done)), timer_(loop, [this] {
        finish(ServerState::kSilent);
      }) {
  timer_.start(kLimit);
  resolving_ = uv::Resolving::resolve(loop, url.host, url.port, [this](const auto& found) { on_resolved(found); });
}

void WhyServer::on_resolved(const Result<std::vector<uv::Address>>& addresses) {
  if (on_done_ == nullptr) return;
  if (!addresses) return finish(ServerState::kNoAddress);
  for (const uv::Address& address : *addresses) {
    if (attempts_.size() == kMostAddresses || !targets_.allows(host_, address.ip)) continue;
    attempts_.push_back(
        uv::Connecting::connect(loop_, address, [this](const auto& socket) { on_connected(socket.has_value()); }));
  }
  if (attempts_.empty()) finish(ServerState::kNotAllowed);
}

void WhyServer::on_connected(bool good) {
  if (good) return finish(ServerState::kAnswers);
  if (++failed_ == attempts_.size()) finish(ServerState::kRefuses);
}

void WhyServer::finish(ServerState state) {
  timer_.stop();
  if (on_done_ != nullptr) std::exchange(on_done_, nullptr)(state);
}

}  // namespace ingress::broker::admin
