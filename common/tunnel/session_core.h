// The state machine behind Session and Stream. Split over session_core.cc (frames in), session_streams.cc (streams, and
// what is sent on them), session_control.cc (control messages; the only one that knows Protobuf) and
// session_liveness.cc (time, pings, draining, the end).
//
// An idle session is to be had by the ten thousand: what only a session with streams needs is made on first use and
// freed by tick() after a second without.
#pragma once

#include <memory>

#include "common/base/byte_buffer.h"
#include "common/tunnel/frame_decoder.h"
#include "common/tunnel/head_codec.h"
#include "common/tunnel/liveness.h"
#include "common/tunnel/receive_credit.h"
#include "common/tunnel/session.h"
#include "common/tunnel/stream_list.h"
#include "common/tunnel/stream_pool.h"
#include "common/tunnel/stream_table.h"

namespace google::protobuf {
class MessageLite;
}

namespace ingress::tunnel {

class SessionCore {
 public:
  SessionCore(Role role, SessionHandler& handler, FrameSink& sink, const SessionLimits& limits, Time now);
  ~SessionCore();
  SessionCore(const SessionCore&) = delete;
  SessionCore& operator=(const SessionCore&) = delete;

  void receive(MutableBytes bytes, Time now);
  void tick(Time now);
  void on_room() { settle(); }
  void lost(const Error& error);
  void send_hello(const pb::Hello& hello);
  void send_welcome(const pb::Welcome& welcome);
  void send_refused(const pb::Refused& refused);
  void send_goaway(const pb::Goaway& goaway);
  void send_config(const pb::Config& config);
  void send_event(const pb::Event& event);
  void ping(Time now);
  Stream* open(const OpenHead& head, bool end, StreamHandler* handler, Time now, Error& why);

  size_t sendable(Stream& stream);
  bool send_head(Stream& stream, const http::ResponseHead& head, bool end);
  void send_data(Stream& stream, MutableBytes payload, bool end);
  bool send_trailers(Stream& stream, const http::Fields& trailers);
  void grant(Stream& stream);
  void consumed(Stream& stream, size_t bytes);
  void abandon(Stream& stream, ResetCode code);

  size_t stream_count() const { return streams_.size(); }
  uint32_t latest_stream() const { return last_id_; }
  bool has_stream_up_to(uint32_t id) const;
  bool established() const { return established_; }
  bool draining() const { return goaway_sent_ || goaway_received_; }
  bool no_more_opens() const { return no_more_opens_; }
  Duration round_trip() const { return liveness_.round_trip(); }
  bool waits_for_answer() const { return liveness_.awaiting(); }
  void bytes_acknowledged(Time now) { liveness_.acknowledged(now); }
  Time last_received() const { return liveness_.last_received(); }
  uint64_t received_bytes() const { return received_bytes_; }
  uint64_t sent_bytes() const { return sent_bytes_; }
  const SessionActivity& activity() const { return activity_; }

 private:
  enum class State : uint8_t {
    kNoHello,  // broker: HELLO is to come; agent: HELLO is to be sent
    kHello,    // broker: it is being checked; agent: the answer is to come
    kOpen,     // streams
    kOver,     // refused, failed or lost: nothing is read or written
  };

  // Reused from head to head: views of the fields that came, and the frame that is being put together.
  struct Scratch {
    OpenHead open;
    http::ResponseHead head;
    http::Fields trailers;
    ByteBuffer out;
  };

  // session_core.cc
  bool step(MutableBytes& input);
  void on_frame();
  void on_data_piece();
  void on_open(Bytes payload);
  void on_head(Bytes payload);
  void on_trailers(Bytes payload);
  void on_reset(Bytes payload);
  void on_window(Bytes payload);
  void on_ping(Bytes payload);
  void on_pong(Bytes payload);
  Stream* stream_of_frame();
  bool grant(Stream& stream, uint32_t bytes);
  void trim_scratch();

  // session_streams.cc
  Stream& add_stream(uint32_t id, uint32_t send_credit, StreamHandler* handler);
  void count_begin(Stream& stream, bool probe);
  void count_upgrade(Stream& stream);
  // It is no stream of the session any more.
  void remove_stream(Stream& stream);
  bool can_open(Error& why);
  bool write_encoded(EncodeStatus status, FrameType type, uint8_t flags, uint32_t id);
  ByteBuffer& begin_encoding();
  void break_here(Stream& stream, ResetCode code);
  void break_off(Stream& stream, ResetCode code);
  void end_sending(Stream& stream);
  void end_receiving(Stream& stream);
  void list_if_done(Stream& stream);
  void unlist(Stream& stream);
  void close_stream(Stream& stream, const Error& error, ResetCode code);
  void close_ended(Stream& stream);
  void close_all(const Error& error);
  void report_closed();
  void serve_waiting();
  void write_reset(uint32_t id, ResetCode code);
  void write_window(uint32_t id, uint32_t bytes);
  void write_data(uint32_t id, MutableBytes payload, uint8_t flags);
  void write(Bytes bytes);

  // session_control.cc
  void on_hello(Bytes payload);
  void on_welcome(Bytes payload);
  void on_refused(Bytes payload);
  void on_goaway(Bytes payload);
  void on_event(Bytes payload);
  void on_config(Bytes payload);
  void write_message(FrameType type, const google::protobuf::MessageLite& message, uint8_t flags = 0);
  void write_goaway(int reason, const char* text);
  void write_migrate(const char* text);
  void take_over(const pb::Welcome& welcome);
  void enter(State state);
  uint16_t allowed_types() const;

  // session_liveness.cc
  uint64_t write_ping();
  void write_pong(uint64_t number);
  void sample_round_trip();
  void settle();
  void check_drained();
  bool can_be_drained() const;
  void release_idle_memory();
  void fail(Breach breach);

  Scratch& scratch();

  SessionHandler& handler_;
  FrameSink& sink_;
  SessionLimits limits_;
  FrameDecoder decoder_;
  Liveness liveness_;
  ReceiveCredit credit_;
  StreamTable streams_;
  StreamPool pool_;
  StreamList waiting_;  // found the sink full, or got credit after having none: on_sendable in turn
  StreamList closing_;  // both sides are done, on_closed is to be told
  std::unique_ptr<Scratch> scratch_;
  Time now_;
  Time began_;         // agent: HELLO was sent
  Time migrate_at_{};  // a MIGRATE was sent or received
  uint64_t received_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
  SessionActivity activity_;
  uint64_t owner_ping_ = 0;    // number of the PING that the owner asked for, 0 for none
  uint64_t goaway_ping_ = 0;   // agent: of the PING behind its GOAWAY
  uint64_t pending_pong_ = 0;  // the last PING that came while the sink was full
  uint32_t last_id_ = 0;       // the highest that was opened
  uint32_t last_id_at_tick_ = 0;
  uint32_t peer_window_bytes_ = 0;  // broker: initial credit towards the agent
  bool peer_takes_connect_limit_ = false;
  Role role_;
  State state_ = State::kNoHello;
  bool established_ = false;
  bool goaway_sent_ = false;
  bool goaway_received_ = false;
  bool migrating_ = false;      // a MIGRATE of the broker, and no GOAWAY of the agent yet
  bool no_more_opens_ = false;  // no OPEN is sent or can come any more
  bool pong_pending_ = false;
  bool drained_told_ = false;
  bool cut_in_open_ = false;  // the stream that on_open is being called for was closed inside it
  bool receiving_ = false;
};

}  // namespace ingress::tunnel
