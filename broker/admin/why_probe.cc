#include "broker/admin/why_probe.h"

#include <utility>

#include "common/base/log.h"

namespace ingress::broker::admin {

WhyProbe::~WhyProbe() {
  if (stream_) stream_.abandon(tunnel::ResetCode::kCancelled);
}

void WhyProbe::start(Carrier& carrier, std::string_view machine, int port) {
  port_ = port;
  tunnel::OpenHead head;
  head.kind = tunnel::StreamKind::kProbe;
  head.port = port;
  head.request.method = "GET";
  head.request.target = "/";
  Error why;
  stream_ = carrier.open(machine, head, true, this, why);
  if (stream_) return;
  finish({WhyState::kFailed, "the tunnel takes no stream: " + describe(why), "wait until the agent is back"});
}

void WhyProbe::on_head(const http::ResponseHead&, bool) {
  stream_.abandon(tunnel::ResetCode::kStopSending);
  finish({WhyState::kGood, "port " + std::to_string(port_) + " in the machine accepts connections", {}});
}

void WhyProbe::on_data(MutableBytes payload, bool) {
  if (stream_) stream_.consumed(payload.size());
}

void WhyProbe::on_closed(const Error&, tunnel::ResetCode code) {
  stream_ = {};
  finish(probe_failure(port_, code));
}

void WhyProbe::finish(WhyFinding finding) {
  if (on_done_) std::exchange(on_done_, nullptr)(std::move(finding));
}

}  // namespace ingress::broker::admin
