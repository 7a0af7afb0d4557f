// One HTTP/2 connection as its client (RFC 9113), over nghttp2. No I/O: bytes in, bytes out. Thread: one.
//
// - Strict: what nghttp2 takes for malformed, a head over the limits, a 101, a push or a 65th interim head ends its
//   stream (kProtocol, kTooLarge), or the connection where the connection's state is broken.
// - Flow control: a stream's window (kStreamWindowBytes) is given back by consumed() alone, so its owner never has to
//   hold more than that. The connection's is given back at once: no slow stream stops its neighbours.
// - Acknowledgements of SETTINGS and PING that wait for output are bounded (nghttp2).
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/http/head.h"
#include "common/http/http1_limits.h"
#include "common/http/http2_client_stream.h"

struct nghttp2_session;

namespace ingress::http {

class Http2ClientSession {
 public:
  static constexpr size_t kStreamWindowBytes = 65535;
  static constexpr size_t kConnectionWindowBytes = size_t{4} * 1024 * 1024;

  explicit Http2ClientSession(const ReaderLimits& limits = {});
  ~Http2ClientSession();
  Http2ClientSession(const Http2ClientSession&) = delete;
  Http2ClientSession& operator=(const Http2ClientSession&) = delete;

  // The connection's next bytes. Not from inside a callback. After an error (kProtocol) there is only output() left
  // to be sent, and lose() to be called.
  Status receive(MutableBytes input);
  // What is to be sent next, valid until the next call of this object; empty where there is nothing. Not from inside a
  // callback.
  Bytes output();

  struct Request {
    std::string_view method;
    std::string_view target;         // origin-form or "*"
    const Fields* fields = nullptr;  // end-to-end ones; Host becomes :authority
    bool end = false;                // neither body nor trailers follow
  };
  // Begins a request; its views need to be valid during the call only. False where the session takes none.
  bool request(const Request& request, Http2ClientStream& stream);
  // read_body() has something again.
  void resume_body(const Http2ClientStream& stream);
  // The owner has done with that many bytes of on_data.
  void consumed(const Http2ClientStream& stream, size_t bytes);
  // Not told any more; the server is (RST_STREAM of CANCEL).
  void cancel(Http2ClientStream& stream);
  // Not told any more, because its owner knows all there is: what is left of the stream ends by itself.
  void forget(Http2ClientStream& stream);
  // Tells every stream that it has failed.
  void lose(const Error& error);
  // GOAWAY: the last that is sent.
  void say_goodbye();

  size_t stream_count() const { return streams_.size(); }
  // The server's limit of streams at once; before its SETTINGS have come, one.
  size_t stream_limit() const;
  bool settings_came() const { return settings_came_; }
  // Further requests may begin: no GOAWAY came, and there are stream ids left.
  bool takes_requests() const;
  // Nothing more is to be read or written.
  bool over() const;

 private:
  struct Callbacks;

  void begin_head();
  bool take_field(Http2ClientStream& stream, std::string_view name, std::string_view value);
  void end_head(Http2ClientStream& stream, bool end);
  void take_data(Http2ClientStream& stream, MutableBytes payload, bool last_of_frame);
  void end_data(Http2ClientStream& stream);
  void stream_closed(Http2ClientStream& stream, uint32_t code);
  void detach(Http2ClientStream& stream);
  void end(Http2ClientStream& stream, Http2Ending ending, const Error& error);
  Http2ClientStream* find(int32_t id) const;

  ReaderLimits limits_;
  nghttp2_session* session_ = nullptr;
  std::vector<Http2ClientStream*> streams_;
  // The field section that is coming in.
  ResponseHead head_;
  Fields trailers_;
  std::vector<char> text_;
  struct Piece {
    size_t begin;
    size_t name_bytes;
    size_t value_bytes;
  };
  std::vector<Piece> pieces_;
  int status_ = 0;
  // The DATA frame that is coming in.
  size_t frame_bytes_left_ = 0;
  bool frame_padded_ = false;
  MutableBytes tail_;  // of the body, until its end is known to be good
  bool settings_came_ = false;
  bool goaway_came_ = false;
  bool failed_ = false;
};

}  // namespace ingress::http
