#include "agent/session/origin_streams.h"

#include <cassert>
#include <utility>

#include "agent/session/origin_stream.h"
#include "agent/session/probe_stream.h"
#include "agent/session/reset_code.h"
#include "agent/session/tcp_stream.h"
#include "common/base/log.h"

namespace ingress::agent {
namespace {

constexpr Duration kProbeTimeout{5000};
constexpr int kTlsTargets = 1 << 16;  // beyond every port

}  // namespace

OriginStreams::OriginStreams(uv::Loop& loop, origin::OriginPool& pool, const TargetPolicy& policy,
                             const origin::Timeouts& timeouts)
    : loop_(loop), pool_(pool), policy_(policy), timeouts_(timeouts) {}

OriginStreams::~OriginStreams() {
  loop_.forget_flush(*this);
  flush();
  assert(active_ == 0);
}

tunnel::StreamHandler* OriginStreams::open(tunnel::Stream& stream, const tunnel::OpenHead& open, bool end) {
  const Result<origin::Target>& target = target_of(open.port, open.kind == tunnel::StreamKind::kHttps);
  if (!target) {
    log_debug("port_refused", {{"port", open.port}, {"error", describe(target.error())}});
    if (on_failed_) on_failed_(open.port, target.error());
    stream.abandon(reset_code_of(target.error()));
    return nullptr;
  }
  if (open.kind == tunnel::StreamKind::kProbe) return ProbeStream::start(stream, pool_, *target, kProbeTimeout);
  if (open.kind == tunnel::StreamKind::kTcp) return open_tcp(stream, *target, open.port);
  // It owns itself until retire() takes it back.
  OriginStream* const glue = take_spare().release();
  ++active_;
  return glue->start(stream, *target, open, end);
}

tunnel::StreamHandler* OriginStreams::open_tcp(tunnel::Stream& stream, const origin::Target& target, int port) {
  const auto on_failed = [this, port](const Error& error) {
    log_debug("tcp_failed", {{"port", port}, {"error", describe(error)}});
    if (on_failed_) on_failed_(port, error);
  };
  const auto on_over = [this](TcpStream& over) {
    const auto found = tcp_.find(&over);
    loop_.bury(std::move(found->second));
    tcp_.erase(found);
  };
  auto made = std::make_unique<TcpStream>(loop_, stream, on_failed, on_over);
  TcpStream* const tcp = made.get();
  tcp_.emplace(tcp, std::move(made));
  tcp->start(pool_, target, timeouts_.connect);
  return tcp;
}

const Result<origin::Target>& OriginStreams::target_of(int port, bool tls) {
  const int key = tls ? port + kTlsTargets : port;
  const auto found = targets_.find(key);
  if (found != targets_.end()) return found->second;
  if (targets_.size() >= kMostTargets) targets_.clear();
  return targets_.emplace(key, make_target(port, tls)).first->second;
}

Result<origin::Target> OriginStreams::make_target(int port, bool tls) {
  Result<origin::Target> target = policy_.target(port);
  if (!target || !tls) return target;
  if (tls_ == nullptr) tls_ = tls::ClientContext::create_for_loopback();
  target->tls = tls_.get();
  target->host = "localhost";
  target->key = "https " + target->key;
  return target;
}

std::unique_ptr<OriginStream> OriginStreams::take_spare() {
  if (spare_.empty()) return std::make_unique<OriginStream>(*this);
  std::unique_ptr<OriginStream> glue = std::move(spare_.back());
  spare_.pop_back();
  return glue;
}

void OriginStreams::retire(OriginStream& stream) {
  retired_.push_back(&stream);
  loop_.flush_later(*this);
}

void OriginStreams::flush() {
  // Index, not iterator: letting go of an exchange or stream may retire others.
  for (size_t i = 0; i < retired_.size(); ++i) {
    std::unique_ptr<OriginStream> glue(retired_[i]);
    glue->clear();
    --active_;
    if (spare_.size() < kMostSpare) spare_.push_back(std::move(glue));
  }
  retired_.clear();
}

}  // namespace ingress::agent
