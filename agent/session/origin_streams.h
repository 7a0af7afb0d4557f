// The streams of all tunnels of this agent, each served by an exchange with an origin. Owns the objects between the two
// and reuses them: no allocation per request in steady state. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/target/target_policy.h"
#include "common/http/head.h"
#include "common/origin/origin_pool.h"
#include "common/tls/tls_context.h"
#include "common/tunnel/session.h"
#include "common/uv/loop.h"

namespace ingress::agent {

class OriginStream;
class TcpStream;

class OriginStreams final : private uv::Flushable {
 public:
  // Finished objects that are kept for the next streams.
  static constexpr size_t kMostSpare = 256;
  // Ports whose target is kept.
  static constexpr size_t kMostTargets = 256;

  // `policy` is complete (it knows the agent's own ports) before the first stream comes.
  OriginStreams(uv::Loop& loop, origin::OriginPool& pool, const TargetPolicy& policy, const origin::Timeouts& timeouts);
  // Every session must be gone.
  ~OriginStreams();
  OriginStreams(const OriginStreams&) = delete;
  OriginStreams& operator=(const OriginStreams&) = delete;

  // Told of each exchange that failed or was refused. Before the first stream.
  using OnFailed = std::function<void(int port, const Error& error)>;
  void set_on_failed(OnFailed on_failed) { on_failed_ = std::move(on_failed); }

  // A stream that the broker opened: its handler. As SessionHandler::on_open.
  tunnel::StreamHandler* open(tunnel::Stream& stream, const tunnel::OpenHead& open, bool end);

 private:
  friend class OriginStream;

  // The policy's answer for a port, kept: it is asked for every stream.
  const Result<origin::Target>& target_of(int port, bool tls);
  Result<origin::Target> make_target(int port, bool tls);
  std::unique_ptr<OriginStream> take_spare();
  tunnel::StreamHandler* open_tcp(tunnel::Stream& stream, const origin::Target& target, int port);
  // Takes a finished object back at the end of the iteration: its exchange may be what calls.
  void retire(OriginStream& stream);
  void flush() override;

  uv::Loop& loop_;
  origin::OriginPool& pool_;
  const TargetPolicy& policy_;
  origin::Timeouts timeouts_;
  OnFailed on_failed_;
  std::unordered_map<int, Result<origin::Target>> targets_;  // by port; over TLS by port + kTlsTargets
  std::unique_ptr<tls::ClientContext> tls_;                  // of origins that speak TLS; made for the first of them
  std::vector<std::unique_ptr<OriginStream>> spare_;
  std::vector<OriginStream*> retired_;
  std::unordered_map<TcpStream*, std::unique_ptr<TcpStream>> tcp_;
  size_t active_ = 0;
  http::ResponseHead head_;  // scratch: the head that is being passed on
};

}  // namespace ingress::agent
