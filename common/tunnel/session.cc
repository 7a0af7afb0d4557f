#include "common/tunnel/session.h"

#include "common/tunnel/session_core.h"

namespace ingress::tunnel {

size_t Stream::sendable() { return core_->sendable(*this); }
bool Stream::send_head(const http::ResponseHead& head, bool end) { return core_->send_head(*this, head, end); }
void Stream::send_data(MutableBytes payload, bool end) { core_->send_data(*this, payload, end); }
bool Stream::send_trailers(const http::Fields& trailers) { return core_->send_trailers(*this, trailers); }
void Stream::grant() { core_->grant(*this); }
void Stream::consumed(size_t bytes) { core_->consumed(*this, bytes); }
void Stream::abandon(ResetCode code) { core_->abandon(*this, code); }

Session::Session(Role role, SessionHandler& handler, FrameSink& sink, const SessionLimits& limits, Time now)
    : core_(std::make_unique<SessionCore>(role, handler, sink, limits, now)) {}
Session::~Session() = default;

void Session::receive(MutableBytes bytes, Time now) { core_->receive(bytes, now); }
void Session::tick(Time now) { core_->tick(now); }
void Session::on_room() { core_->on_room(); }
void Session::lost(const Error& error) { core_->lost(error); }
void Session::send_hello(const pb::Hello& hello) { core_->send_hello(hello); }
void Session::send_welcome(const pb::Welcome& welcome) { core_->send_welcome(welcome); }
void Session::send_refused(const pb::Refused& refused) { core_->send_refused(refused); }
void Session::send_goaway(const pb::Goaway& goaway) { core_->send_goaway(goaway); }
void Session::send_config(const pb::Config& config) { core_->send_config(config); }
void Session::send_event(const pb::Event& event) { core_->send_event(event); }
void Session::ping(Time now) { core_->ping(now); }
Stream* Session::open(const OpenHead& head, bool end, StreamHandler* handler, Time now, Error& why) {
  return core_->open(head, end, handler, now, why);
}
size_t Session::stream_count() const { return core_->stream_count(); }
uint32_t Session::latest_stream() const { return core_->latest_stream(); }
bool Session::has_stream_up_to(uint32_t id) const { return core_->has_stream_up_to(id); }
bool Session::established() const { return core_->established(); }
bool Session::draining() const { return core_->draining(); }
bool Session::no_more_opens() const { return core_->no_more_opens(); }
Duration Session::round_trip() const { return core_->round_trip(); }
bool Session::waits_for_answer() const { return core_->waits_for_answer(); }
void Session::bytes_acknowledged(Time now) { core_->bytes_acknowledged(now); }
Time Session::last_received() const { return core_->last_received(); }
uint64_t Session::received_bytes() const { return core_->received_bytes(); }
uint64_t Session::sent_bytes() const { return core_->sent_bytes(); }
const SessionActivity& Session::activity() const { return core_->activity(); }

}  // namespace ingress::tunnel
