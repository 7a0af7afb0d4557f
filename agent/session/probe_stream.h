// A kProbe stream: is anything listening on that port? Answers with a HEAD of 204, or RESET. Rare, so it is not pooled:
// it lives until its stream is closed and the pool has called back, whichever is later.
#pragma once

#include <memory>

#include "common/origin/origin_pool.h"
#include "common/tunnel/session.h"

namespace ingress::agent {

class ProbeStream final : public tunnel::StreamHandler, public std::enable_shared_from_this<ProbeStream> {
 public:
  // Returns the stream's handler.
  static tunnel::StreamHandler* start(tunnel::Stream& stream, origin::OriginPool& pool, const origin::Target& target,
                                      Duration timeout);

 private:
  explicit ProbeStream(tunnel::Stream& stream) : stream_(&stream) {}
  void answer(const Status& status);

  void on_head(const http::ResponseHead&, bool) override {}
  void on_data(MutableBytes payload, bool) override;
  void on_trailers(const http::Fields&) override {}
  void on_sendable() override {}
  void on_closed(const Error& error, tunnel::ResetCode code) override;

  tunnel::Stream* stream_;
  std::shared_ptr<ProbeStream> keep_;  // itself, while its stream may call
};

}  // namespace ingress::agent
