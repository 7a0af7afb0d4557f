// The server's side of one HTTP/2 connection (RFC 9113, RFC 8441), by nghttp2: bytes in, events and bytes out. No I/O,
// time passed in. Thread: one.
//
// Input. Requests are told with their heads, then their bodies as they come. A stream's window is given back as its
// reader consumes (Http2Stream::consumed), the connection's at once: a stream whose reader waits holds up itself alone,
// and holds no more than its window, which grows while its reader keeps up. Output. What is given to a stream waits in
// it until output() takes it, under the peer's windows, streams in turn.
//
// Callbacks come from receive() and output() only. Inside them every call but these two may be made. What floods
// (streams reset in numbers, PING, SETTINGS, empty frames, endless header sections) ends the session with GOAWAY
// ENHANCE_YOUR_CALM.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/byte_buffer.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/http/head.h"
#include "common/http/http1_limits.h"

namespace ingress::http {

class Http2ServerSession;
class Http2Callbacks;

// What comes on one stream. After on_closed, or Http2Stream::set_handler(nullptr), nothing.
class Http2StreamHandler {
 public:
  // A piece of the body, valid until the call returns, kHeadroomBytes of scratch before it; not empty. The reader says
  // by consumed() what of it has been passed on.
  virtual void on_stream_data(MutableBytes payload) = 0;
  // The body is whole.
  virtual void on_stream_end() = 0;
  // Ends the body.
  virtual void on_stream_trailers(const Fields& trailers) = 0;
  // waiting_bytes() was over kMarkBytes and is under half of it again.
  virtual void on_stream_drained() = 0;
  // The whole answer is on its way, and the request is not whole: cut() ends the stream (RFC 9113, 8.1), best not at
  // once, since there are clients that lose an answer that is reset with the bytes that bring it. From output() only.
  virtual void on_stream_answered() = 0;
  // The last call: both sides are done (kClosed), or either end, or the session's end, broke the stream off.
  virtual void on_stream_closed(const Error& error) = 0;

 protected:
  ~Http2StreamHandler() = default;
};

// One exchange. Owned and pooled by the session; valid until its on_stream_closed, or the session's end.
class Http2Stream {
 public:
  static constexpr size_t kMarkBytes = size_t{16} * 1024;
  // RFC 9113, 7
  static constexpr uint32_t kNoError = 0;
  static constexpr uint32_t kInternalError = 2;

  void set_handler(Http2StreamHandler* handler) { handler_ = handler; }

  // A head; of a 1xx `end` is false and others follow. Fields that HTTP/2 has not (Connection, Transfer-Encoding…) must
  // not be among them, but for Upgrade, which is left out; names are written in lower case.
  void send_head(int status, const Fields& fields, bool end);
  void send_data(Bytes payload, bool end);
  void send_trailers(const Fields& trailers);
  size_t waiting_bytes() const { return waiting_.size(); }
  // The reader has passed on `bytes`. `kept_up`: nothing else waits for it.
  void consumed(size_t bytes, bool kept_up);
  // Breaks the stream off by RST_STREAM with `code`, behind what waits where `after_waiting`; told again without that,
  // what waits is dropped. on_stream_closed follows.
  void cut(bool after_waiting, uint32_t code = kInternalError);
  // What comes are opaque bytes: this side's end says nothing of what the peer still has to say.
  void set_opaque() { opaque_ = true; }

 private:
  friend class Http2ServerSession;
  friend class Http2Callbacks;

  Http2ServerSession* session_ = nullptr;
  Http2StreamHandler* handler_ = nullptr;
  ByteBuffer waiting_;
  std::string trailers_;  // name NUL value NUL …
  int32_t id_ = 0;
  Time opened_at_{};
  uint32_t cut_code_ = 0;
  uint32_t window_bytes_ = 0;
  uint32_t since_growth_bytes_ = 0;
  bool head_sent_ = false;
  bool ended_ = false;     // this side has given all
  bool deferred_ = false;  // nghttp2 waits for data
  bool over_mark_ = false;
  bool cut_ = false;    // to be reset, behind what waits
  bool reset_ = false;  // the RST_STREAM is on its way
  bool opaque_ = false;
};

struct Http2Request {
  bool end = false;      // no body follows
  bool upgrade = false;  // an extended CONNECT: opaque bytes may follow
};

class Http2SessionHandler {
 public:
  // Views are valid until the call returns. Who wants to hear of the stream sets its handler.
  virtual void on_stream_request(Http2Stream& stream, const RequestHead& head, const Http2Request& request) = 0;
  // A request that can't be read is to be answered (400, 405, 431); the head has its method at most. The session goes
  // on.
  virtual void on_stream_unreadable(Http2Stream& stream, const RequestHead& head, const Error& error) = 0;

 protected:
  ~Http2SessionHandler() = default;
};

class Http2ServerSession {
 public:
  static constexpr uint32_t kMostStreams = 128;
  static constexpr int32_t kConnectionWindowBytes = 1024 * 1024;
  static constexpr uint32_t kFirstWindowBytes = 65535;
  static constexpr uint32_t kMostWindowBytes = 1024 * 1024;
  // By which the windows of all streams may have grown.
  static constexpr size_t kGrowthBudgetBytes = size_t{4} * 1024 * 1024;

  Http2ServerSession(Http2SessionHandler& handler, const ReaderLimits& limits);
  ~Http2ServerSession();
  Http2ServerSession(const Http2ServerSession&) = delete;
  Http2ServerSession& operator=(const Http2ServerSession&) = delete;

  // All of the bytes are taken.
  void receive(MutableBytes bytes, Time now);
  // Appends output until `out` holds `most` bytes (one frame more at the utmost). False when no more is there for now.
  bool output(ByteBuffer& out, size_t most);
  // Nothing more will come or go: the connection is to be closed once the output is out.
  bool over() const;
  // A header section has begun and is not whole.
  bool in_head() const { return in_head_; }
  size_t stream_count() const { return stream_count_; }
  // Frames that wait to be written, beside bodies.
  size_t waiting_frames() const;
  // No new streams, in two steps, so that none is lost: a warning first, then, after a round trip or at
  // finish_drain(), the number of the last stream that is served.
  void drain();
  void finish_drain();
  // Tells every stream that it is closed; the session is used no more.
  void lose(const Error& error);

 private:
  friend class Http2Stream;
  friend class Http2Callbacks;
  struct Impl;

  Http2Stream& take_stream(int32_t id);
  void give_back_closed();
  void close_stream(Http2Stream& stream, const Error& error);
  void tell_drained();
  // What a callback returns to end the session: by GOAWAY with this code, ENHANCE_YOUR_CALM where it floods.
  int fail(uint32_t code);
  int flooded();

  std::unique_ptr<Impl> impl_;
  size_t stream_count_ = 0;
  bool in_head_ = false;
};

}  // namespace ingress::http
