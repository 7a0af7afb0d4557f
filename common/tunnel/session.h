// One end of a tunnel: frames in, events out, frames out. The same class serves both roles; the broker opens streams,
// the agent accepts them. Sans-I/O: spans in, a FrameSink out, time passed in. docs/protocol.md is the spec.
//
// Back-pressure. Towards the peer: each stream may send what the peer has granted (Stream::sendable, bytes), and no
// more than the sink has room for; on_sendable says when either grew from nothing, streams in turn. From the peer: a
// stream's bytes are handed out as they come; the receiver calls Stream::consumed when it has passed them on, and only
// then is credit granted again (steps of 32 KiB; windows grow while the reader keeps up, within the budget of the
// tunnel).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/http/head.h"
#include "common/tunnel/open_head.h"
#include "common/tunnel/receive_credit.h"
#include "common/tunnel/reset_code.h"
#include "common/tunnel/session_limits.h"

namespace iterate::tunnel::v1 {
class Hello;
class Welcome;
class Refused;
class Goaway;
class Config;
class Event;
}  // namespace iterate::tunnel::v1

namespace ingress::tunnel {

namespace pb = ::iterate::tunnel::v1;

class Session;
class SessionCore;
class Stream;

enum class Role : uint8_t { kBroker, kAgent };

// A bit of WELCOME's features: the broker knows EVENT's `leaving`.
inline constexpr uint32_t kFeatureLeaving = 1;

// What a session's streams say of whether the machine is in use. A probe is no use, and neither is a PING.
struct SessionActivity {
  Time last_begun{};      // when a stream was opened last; the clock's zero where none was
  Time last_ended{};      // and when one ended
  uint32_t open = 0;      // streams now
  uint32_t upgraded = 0;  // of them, those past a 101

  bool operator==(const SessionActivity&) const = default;
};

// Receives what the peer sends on one stream. Any call may be the last for the stream's owner to act on: after
// on_closed, or after Stream::abandon, the Stream is gone.
class StreamHandler {
 public:
  // Agent → broker. 1xx heads come before the final one; after a 101 all data is opaque.
  virtual void on_head(const http::ResponseHead& head, bool end) = 0;
  // `payload` is valid until the call returns; kHeadroomBytes before it are scratch. Not empty unless `end`.
  virtual void on_data(MutableBytes payload, bool end) = 0;
  // Ends the peer's side.
  virtual void on_trailers(const http::Fields& trailers) = 0;
  // sendable() was 0 and no longer is.
  virtual void on_sendable() = 0;
  // The peer broke the stream off (RESET), or the session is gone, or both sides are done (kClosed). The last call.
  // It comes from Session::receive, tick, on_room or lost only: where the last END is one that this end sends, from the
  // next of these. `code` has a meaning where a RESET was received or sent.
  virtual void on_closed(const Error& error, ResetCode code) = 0;

 protected:
  ~StreamHandler() = default;
};

// One exchange. Owned (and pooled) by its session; a pointer is valid until on_closed or abandon(). No call here calls
// back, and each may be made from inside any callback.
class Stream {
 public:
  void set_handler(StreamHandler* handler) { handler_ = handler; }
  uint32_t id() const { return id_; }

  // Bytes that may be sent now: the peer's grant, cut to what the sink has room for. Where that is 0 on_sendable
  // follows.
  size_t sendable();
  // Sends a response head (agent). `end`: no body follows. False where it is over kMaxHeadBytes (RESET kHeadTooLarge)
  // or holds bytes that no head may hold (RESET kOriginProtocol): the stream is broken off, what is sent on it after
  // that goes nowhere, and on_closed follows.
  bool send_head(const http::ResponseHead& head, bool end);
  // payload.size() <= the peer's grant, which sendable() is part of. kHeadroomBytes before the payload are overwritten,
  // and of a payload over kFullDataBytes some bytes inside too. May be empty with `end`.
  void send_data(MutableBytes payload, bool end);
  // Ends this side. False as send_head (RESET kHeadTooLarge or kCancelled).
  bool send_trailers(const http::Fields& trailers);
  // Gives the peer what it may send and was not told of: the first credit, with SessionLimits::grants_late.
  void grant();
  // The reader has passed on `bytes` of what on_data gave.
  void consumed(size_t bytes);
  // Breaks off what is not done yet and forgets the handler: no further call, and the pointer is dead.
  // With both sides done it sends nothing.
  void abandon(ResetCode code);

  bool send_ended() const { return send_ended_; }
  bool receive_ended() const { return receive_ended_; }

 private:
  friend class SessionCore;
  friend class StreamList;
  friend class StreamPool;
  enum class Listed : uint8_t { kNot, kWaiting, kClosing };

  Stream() = default;

  StreamHandler* handler_ = nullptr;
  SessionCore* core_ = nullptr;
  Stream* previous_ = nullptr;  // in a StreamList; next_ also in the pool
  Stream* next_ = nullptr;
  ReceiveWindow receive_;
  uint32_t id_ = 0;           // 0 in the pool
  uint32_t send_credit_ = 0;  // bytes that the peer takes now
  ResetCode close_code_ = ResetCode::kCancelled;
  Listed listed_ = Listed::kNot;
  uint8_t interim_heads_ = 0;
  uint32_t interim_bytes_ = 0;  // of their frames: no credit counts them
  bool upgrade_ = false;        // the OPEN asked for one
  bool probe_ = false;          // no use of the machine
  bool head_done_ = false;      // broker: the final head (or a 101) has come
  bool opaque_ = false;         // it was a 101
  bool upgraded_ = false;       // a 101 was received or sent
  bool starved_ = false;        // the owner found no credit; on_sendable is due when some comes
  bool send_ended_ = false;
  bool receive_ended_ = false;
  bool broken_ = false;  // RESET by this end, and the owner is still to hear of it
  bool closed_ = false;  // on_closed is under way
};

// Where frames go. Implemented over transport::Connection, and by a vector in tests.
class FrameSink {
 public:
  // Takes all of `bytes` before it returns (copied, or written).
  virtual void write(Bytes bytes) = 0;
  // Bytes of DATA that are welcome now; 0 while congested. Control frames are written regardless.
  virtual size_t room() const = 0;

 protected:
  ~FrameSink() = default;
};

class SessionHandler {
 public:
  // Handshake frames, in the role that receives them.
  virtual void on_hello(const pb::Hello&) {}
  virtual void on_welcome(const pb::Welcome&) {}
  virtual void on_refused(const pb::Refused&) {}
  virtual void on_goaway(const pb::Goaway&) {}
  // Agent: what the broker's routes say of this machine; replaces what came before.
  virtual void on_config(const pb::Config&) {}
  // Broker: what the agent has seen in its machine.
  virtual void on_event(const pb::Event&) {}
  // Agent: the broker opened a stream. Returns its handler; nullptr refuses it (RESET kRefused).
  virtual StreamHandler* on_open(Stream&, const OpenHead&, bool) { return nullptr; }
  // A PONG to a ping() of the owner, with the round trip.
  virtual void on_pong(Duration) {}
  // The last stream of a draining session (after send_goaway or on_goaway) has closed, and no OPEN can come any more:
  // an agent's own GOAWAY has been answered by a PONG, and after a broker's MIGRATE the agent's GOAWAY has come, or
  // SessionLimits::migrate_grace has passed. From receive, tick or on_room only.
  virtual void on_drained() {}
  // The session broke (protocol error, silence); every stream's on_closed has been called. The owner closes the
  // connection. `error.context` names the cause, and a GOAWAY that names it to the peer has been written. From receive
  // or tick only.
  virtual void on_failed(const Error& error) = 0;

 protected:
  ~SessionHandler() = default;
};

class Session {
 public:
  Session(Role role, SessionHandler& handler, FrameSink& sink, const SessionLimits& limits, Time now);
  ~Session();  // every stream must be closed or abandoned: call lost() first
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The session may not be destroyed inside its own callbacks, and receive, tick and on_room not be called there.
  // Every other method may be called from any callback; none of them calls back, but lost().

  // Bytes from the peer, any split. `bytes` may be overwritten (payloads get headers written before them).
  void receive(MutableBytes bytes, Time now);
  // To be called about once a second: pings and silence. A call that comes late (over 2.5 s) doesn't blame the peer.
  // Of two idle ends the agent pings at ping_idle and the broker, who asks only where that did not come, a quarter
  // later.
  void tick(Time now);
  // A PING was sent and nothing has come since. While it is, bytes_acknowledged says that some of ours have arrived at
  // the peer's kernel: the PING may be behind others, and gets as long as in an idle session.
  bool waits_for_answer() const;
  void bytes_acknowledged(Time now);
  // The sink has room again: ready streams get on_sendable in turn.
  void on_room();
  // The connection is gone: every stream's on_closed(error), never retryable (how much of it had left is not known
  // here), then nothing more. Does not call on_failed.
  void lost(const Error& error);

  // The fields that this session itself keeps to are filled in: HELLO's and WELCOME's windows, limits and timers, and
  // WELCOME's version (1). An agent takes over the limits and timers of WELCOME.
  void send_hello(const pb::Hello& hello);
  void send_welcome(const pb::Welcome& welcome);  // opens the session for streams
  void send_refused(const pb::Refused& refused);
  // No new streams from now on are wanted (agent) or will be opened (broker); running ones go on. on_drained follows.
  // A broker's MIGRATE is softer: open() still works until the agent's own GOAWAY has come.
  void send_goaway(const pb::Goaway& goaway);
  // Broker, and agent, once the session is established. At most kMaxHeadBytes, serialized. A peer of an earlier version
  // skips them.
  void send_config(const pb::Config& config);
  void send_event(const pb::Event& event);
  // A PING now; on_pong answers. Nothing before the session is established.
  void ping(Time now);

  // Broker: opens a stream. `end`: the request has no body. nullptr where the session takes no more (draining, ids used
  // up: kMachineUnavailable, retryable) or none until one of its streams has ended (max_streams: kOverloaded, side
  // kInternal, retryable), or the head does not fit (kHeaderTooLarge) or holds bytes that no head may hold
  // (kBadRequest), side kClient.
  Stream* open(const OpenHead& head, bool end, StreamHandler* handler, Time now, Error& why);

  size_t stream_count() const;
  // The id of the latest stream, 0 where there was none; whether one that is not later than `id` is still open (looks
  // at all of them).
  uint32_t latest_stream() const;
  bool has_stream_up_to(uint32_t id) const;
  bool established() const;     // WELCOME was sent or received
  bool draining() const;        // GOAWAY was sent or received
  bool no_more_opens() const;   // no OPEN is sent, or can come, any more
  Duration round_trip() const;  // smoothed; 0 where unknown
  Time last_received() const;   // when the latest bytes came
  uint64_t received_bytes() const;
  uint64_t sent_bytes() const;
  const SessionActivity& activity() const;

 private:
  std::unique_ptr<SessionCore> core_;
};

}  // namespace ingress::tunnel
