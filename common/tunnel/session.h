// One end of a tunnel: frames in, events out, frames out. The same class serves both roles; the broker opens streams,
// the agent accepts them. Sans-I/O: spans in, a FrameSink out, time passed in. docs/protocol.md is the spec.
//
// Back-pressure. Towards the peer: each stream may send what the peer has granted (Stream::sendable, bytes), and no more
// than the sink has room for; on_sendable says when either grew from nothing, streams in turn. From the peer: a stream's
// bytes are handed out as they come; the receiver calls Stream::consumed when it has passed them on, and only then is
// credit granted again (steps of 32 KiB; windows grow while the reader keeps up, within the budget of the tunnel).
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

namespace iterate::tunnel::v1 {
class Hello;
class Welcome;
class Refused;
class Goaway;
}  // namespace iterate::tunnel::v1

namespace ingress::tunnel {

namespace pb = ::iterate::tunnel::v1;

class Session;
class Stream;

enum class Role : uint8_t { kBroker, kAgent };

// What a stream is for. kProbe: the agent only connects to the port and answers with a HEAD of 204, or RESET.
enum class StreamKind : uint8_t { kHttp = 0, kProbe = 1 };

// Why a stream was broken off. On the wire; numbers are stable.
enum class ResetCode : uint32_t {
  kCancelled = 0,        // the sender lost interest (its client left)
  kConnectFailed = 1,    // nothing accepted the connection to the origin; the origin saw nothing
  kOriginClosed = 2,     // the origin broke off
  kOriginProtocol = 3,   // the origin's answer was malformed or ambiguous
  kOriginTimeout = 4,
  kPortDenied = 5,       // the agent does not serve that port
  kHeadTooLarge = 6,     // an encoded head over kMaxHeadBytes
  kRefused = 7,          // the agent is draining; nothing was done
  kStopSending = 8,      // the answer is complete, the rest of the request body is not wanted
  kInternal = 9,
  kConnectTimeout = 10,  // the origin saw nothing
};

// An OPEN as it is sent or was received. Views are valid until the call returns.
struct OpenHead {
  StreamKind kind = StreamKind::kHttp;
  int port = 0;
  bool upgrade = false;      // the client asks for an Upgrade; a 101 turns the stream into opaque bytes
  http::RequestHead request;  // method, target (origin-form), fields to send to the origin as they are
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
  virtual void on_closed(const Error& error, ResetCode code) = 0;

 protected:
  ~StreamHandler() = default;
};

// One exchange. Owned by its session; a pointer is valid until on_closed or abandon().
class Stream {
 public:
  void set_handler(StreamHandler* handler) { handler_ = handler; }
  uint32_t id() const { return id_; }

  // Bytes that may be sent now: the peer's grant, cut to what the sink has room for.
  size_t sendable() const;
  // Sends a response head (agent). `end`: no body follows. A head that does not fit is RESET (kHeadTooLarge).
  void send_head(const http::ResponseHead& head, bool end);
  // payload.size() <= sendable(). kHeadroomBytes before the payload are overwritten. May be empty with `end`.
  void send_data(MutableBytes payload, bool end);
  void send_trailers(const http::Fields& trailers);
  // The reader has passed on `bytes` of what on_data gave.
  void consumed(size_t bytes);
  // Breaks off what is not done yet and forgets the handler: no further call, and the pointer is dead.
  // With both sides done it sends nothing.
  void abandon(ResetCode code);

  bool send_ended() const;
  bool receive_ended() const;

 private:
  friend class Session;
  StreamHandler* handler_ = nullptr;
  uint32_t id_ = 0;
  // implementation: keep it small and pooled by the session (no allocation per stream in steady state)
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
  // Agent: the broker opened a stream. Returns its handler; nullptr refuses it (RESET kRefused).
  virtual StreamHandler* on_open(Stream&, const OpenHead&, bool) { return nullptr; }
  // A PONG to a ping() of the owner, with the round trip.
  virtual void on_pong(Duration) {}
  // The last stream of a draining session (after send_goaway or on_goaway) has closed.
  virtual void on_drained() {}
  // The session broke (protocol error, silence); every stream's on_closed has been called. The owner closes the
  // connection. `error.context` names the cause. Not called from inside a call of the owner but receive/tick/lost.
  virtual void on_failed(const Error& error) = 0;

 protected:
  ~SessionHandler() = default;
};

struct SessionLimits {
  uint32_t initial_window_bytes = 32 * 1024;
  uint32_t max_window_bytes = 16 * 1024 * 1024;
  // The sum of credit beyond the initial windows that the streams of this tunnel may hold, shared by the bulk streams.
  uint32_t window_budget_bytes = 4 * 1024 * 1024;
  uint32_t max_streams = 10000;
  Duration ping_idle{15000};         // PING after this much silence
  Duration ping_busy_timeout{3000};  // a PING unanswered while a stream waits
  Duration ping_idle_timeout{15000};
  Duration ping_before_open{2000};   // an OPEN after this much silence brings a PING along
};

class Session {
 public:
  Session(Role role, SessionHandler& handler, FrameSink& sink, const SessionLimits& limits, Time now);
  ~Session();  // every stream must be closed or abandoned: call lost() first
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Bytes from the peer, any split. `bytes` may be overwritten (payloads get headers written before them).
  void receive(MutableBytes bytes, Time now);
  // To be called about once a second: pings and silence.
  void tick(Time now);
  // The sink has room again: ready streams get on_sendable in turn.
  void on_room();
  // The connection is gone: every stream's on_closed(error), then nothing more. Does not call on_failed.
  void lost(const Error& error);

  void send_hello(const pb::Hello& hello);
  void send_welcome(const pb::Welcome& welcome);  // opens the session for streams
  void send_refused(const pb::Refused& refused);
  // No new streams from now on are wanted (agent) or will be opened (broker); running ones go on. on_drained follows.
  void send_goaway(const pb::Goaway& goaway);
  // A PING now; on_pong answers.
  void ping(Time now);

  // Broker: opens a stream. `end`: the request has no body. nullptr where the session takes no more (draining, limit,
  // ids used up) or the head does not fit (error in `why`).
  Stream* open(const OpenHead& head, bool end, StreamHandler* handler, Time now, Error& why);

  size_t stream_count() const;
  bool established() const;  // WELCOME was sent or received
  bool draining() const;     // GOAWAY was sent or received
  Duration round_trip() const;  // smoothed; 0 where unknown
  uint64_t received_bytes() const;
  uint64_t sent_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  friend class Stream;
};

}  // namespace ingress::tunnel
