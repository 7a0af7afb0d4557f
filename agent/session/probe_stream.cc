#include "agent/session/probe_stream.h"

#include <utility>

#include "agent/session/reset_code.h"

namespace ingress::agent {

tunnel::StreamHandler* ProbeStream::start(tunnel::Stream& stream, origin::OriginPool& pool,
                                          const origin::Target& target, Duration timeout) {
  const std::shared_ptr<ProbeStream> probe(new ProbeStream(stream));
  probe->keep_ = probe;
  pool.probe(target, timeout, [probe](const Status& status) { probe->answer(status); });
  return probe.get();
}

void ProbeStream::answer(const Status& status) {
  if (stream_ == nullptr) return;
  const std::shared_ptr<ProbeStream> last = std::move(keep_);
  tunnel::Stream* const stream = std::exchange(stream_, nullptr);
  if (!status) return stream->abandon(reset_code_of(status.error()));
  constexpr int kNoContent = 204;
  http::ResponseHead head;
  head.status = kNoContent;
  stream->send_head(head, true);
  stream->abandon(tunnel::ResetCode::kStopSending);
}

void ProbeStream::on_data(MutableBytes payload, bool) {
  if (stream_ != nullptr && !payload.empty()) stream_->consumed(payload.size());
}

void ProbeStream::on_closed(const Error&, tunnel::ResetCode) {
  stream_ = nullptr;
  const std::shared_ptr<ProbeStream> last = std::move(keep_);
}

}  // namespace ingress::agent
