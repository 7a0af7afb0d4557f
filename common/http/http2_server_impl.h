// What Http2ServerSession holds. Private to common/http.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <unordered_set>
#include <vector>

#include "common/http/http2_flood_guard.h"
#include "common/http/http2_head.h"
#include "common/http/http2_server.h"
#include "common/http/http2_stream_ids.h"

namespace ingress::http {

struct Http2ServerSession::Impl {
  Impl(Http2SessionHandler& to, const ReaderLimits& limits) : handler(to), collector(limits) {}
  ~Impl() { nghttp2_session_del(session); }

  Http2SessionHandler& handler;
  nghttp2_session* session = nullptr;
  Http2HeadCollector collector;
  RequestHead head;
  Fields trailers;
  FloodGuard guard;
  Http2StreamIds ids;
  Time now{};
  ByteBuffer* out = nullptr;  // where output() writes
  std::vector<std::unique_ptr<Http2Stream>> all;
  std::vector<Http2Stream*> spare;
  std::vector<Http2Stream*> closed;   // to be spare once no callback runs
  std::vector<Http2Stream*> drained;  // to be told
  size_t grown_bytes = 0;             // of all windows
  int continuations = 0;              // of the header section in hand
  size_t section_bytes = 0;           // its frames, packed
  int32_t section_stream = 0;         // the request that it is, 0 for trailers
  uint32_t failure = 0;               // why the session ends, where a callback said so
  bool failed = false;                // nothing more is read
  bool draining = false;
  bool drain_finished = false;
};

// What nghttp2 calls; each gets the session as its user data.
class Http2Callbacks {
 public:
  static const nghttp2_session_callbacks* all();
  static nghttp2_data_provider provider(Http2Stream& stream);

 private:
  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* hd, void* self);
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t flags, void* self);
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                               uint8_t, void*);
  static int on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_reset(Http2ServerSession& session, int32_t id);
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* self);
  static int on_data_chunk(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t size, void* self);
  static int before_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t code, void* self);
  static ssize_t read_data(nghttp2_session*, int32_t id, uint8_t* to, size_t size, uint32_t* flags,
                           nghttp2_data_source* source, void* self);
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t size,
                       nghttp2_data_source* source, void* self);

  static void on_headers(Http2ServerSession& session, const nghttp2_frame& frame);
  static void on_request(Http2ServerSession& session, const nghttp2_frame& frame);
  static Http2Stream* stream_of(Http2ServerSession& session, int32_t id);
  static void submit_trailers(Http2Stream& stream);
};

// Rows for nghttp2 of a head, with names in lower case: views of `text`, and of the fields' values.
void make_rows(std::string_view status, const Fields& fields, std::string& text, std::vector<nghttp2_nv>& rows);

}  // namespace ingress::http
