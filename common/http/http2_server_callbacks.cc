// What nghttp2 calls.
#include <cassert>
#include <utility>

#include "common/http/chars.h"
#include "common/http/http2_server_impl.h"

namespace ingress::http {
namespace {

// More of a header section than this is taken for a bomb; up to it, what is over the limit is read over and answered.
constexpr size_t kMostSectionBytes = size_t{1} << 20;
constexpr int kMostContinuations = 8;

constexpr Error kDone{ErrorCode::kClosed, Side::kClient, false, 0, "the stream ended"};
constexpr Error kLeft{ErrorCode::kReset, Side::kClient, false, 0, "the client broke the stream off"};
constexpr Error kBroken{ErrorCode::kProtocol, Side::kClient, false, 0, "the client broke the protocol"};

Http2ServerSession& session_of(void* self) { return *static_cast<Http2ServerSession*>(self); }

bool ends_stream(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }

nghttp2_session_callbacks* new_callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  return callbacks;
}

nghttp2_nv row(std::string_view name, std::string_view value) {
  return {const_cast<uint8_t*>(as_bytes(name).data()), const_cast<uint8_t*>(as_bytes(value).data()), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

void make_rows(std::string_view status, const Fields& fields, std::string& text, std::vector<nghttp2_nv>& rows) {
  size_t names = 0;
  for (const Field& field : fields) names += field.name.size();
  text.clear();
  text.reserve(names);
  rows.clear();
  if (!status.empty()) rows.push_back(row(":status", status));
  for (const Field& field : fields) {
    // Of a 426: HTTP/2 has no Upgrade.
    if (iequals(field.name, "Upgrade")) continue;
    const size_t at = text.size();
    for (const char c : field.name) text.push_back(to_lower(c));
    rows.push_back(row(std::string_view(text).substr(at), field.value));
  }
}

const nghttp2_session_callbacks* Http2Callbacks::all() {
  static const nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* to = new_callbacks();
    nghttp2_session_callbacks_set_on_begin_frame_callback(to, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(to, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(to, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(to, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(to, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(to, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, on_data_chunk);
    nghttp2_session_callbacks_set_before_frame_send_callback(to, before_frame_send);
    nghttp2_session_callbacks_set_on_frame_send_callback(to, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(to, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(to, send_data);
    return to;
  }();
  return made;
}

nghttp2_data_provider Http2Callbacks::provider(Http2Stream& stream) {
  nghttp2_data_provider made;
  made.source.ptr = &stream;
  made.read_callback = read_data;
  return made;
}

Http2Stream* Http2Callbacks::stream_of(Http2ServerSession& session, int32_t id) {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session.impl_->session, id));
}

int Http2Callbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* hd, void* self) {
  Http2ServerSession& session = session_of(self);
  Http2ServerSession::Impl& impl = *session.impl_;
  if (hd->type != NGHTTP2_CONTINUATION) session.in_head_ = false;
  switch (hd->type) {
    case NGHTTP2_HEADERS:
      impl.continuations = 0;
      impl.section_bytes = hd->length;
      if (impl.ids.passed_over(hd->stream_id)) return session.fail(NGHTTP2_PROTOCOL_ERROR);
      break;
    case NGHTTP2_CONTINUATION:
      impl.section_bytes += hd->length;
      if (++impl.continuations > kMostContinuations) return session.flooded();
      break;
    case NGHTTP2_DATA:
      if (hd->length > 0 || (hd->flags & NGHTTP2_FLAG_END_STREAM) != 0) break;
      [[fallthrough]];
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PRIORITY:
      if (!impl.guard.idle_frames.take(impl.now)) return session.flooded();
      break;
    default:
      break;
  }
  return 0;
}

int Http2Callbacks::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  Http2ServerSession& session = session_of(self);
  const bool request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  session.impl_->section_stream = request ? frame->hd.stream_id : 0;
  if (request) session.impl_->ids.open(frame->hd.stream_id);
  session.in_head_ = true;
  session.impl_->collector.begin();
  return 0;
}

int Http2Callbacks::on_header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
                              const uint8_t* value, size_t value_size, uint8_t, void* self) {
  Http2ServerSession& session = session_of(self);
  Http2HeadCollector& collector = session.impl_->collector;
  collector.add(as_text({name, name_size}), as_text({value, value_size}));
  return collector.seen_bytes() > kMostSectionBytes ? session.flooded() : 0;
}

// Refused with the stream, not dropped.
int Http2Callbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*,
                                      size_t, uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2Callbacks::on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  Http2ServerSession& session = session_of(self);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      session.in_head_ = false;
      on_headers(session, *frame);
      break;
    case NGHTTP2_DATA: {
      Http2Stream* stream = ends_stream(*frame) ? stream_of(session, frame->hd.stream_id) : nullptr;
      if (stream != nullptr && stream->handler_ != nullptr) stream->handler_->on_stream_end();
      break;
    }
    case NGHTTP2_RST_STREAM:
      return on_reset(session, frame->hd.stream_id);
    case NGHTTP2_PING:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) session.finish_drain();
      break;
    default:
      break;
  }
  return 0;
}

int Http2Callbacks::on_reset(Http2ServerSession& session, int32_t id) {
  Http2ServerSession::Impl& impl = *session.impl_;
  const Http2Stream* const stream = stream_of(session, id);
  if (stream != nullptr && impl.now - stream->opened_at_ >= kLeastLife) return 0;
  return impl.guard.resets.take(impl.now) ? 0 : session.flooded();
}

void Http2Callbacks::on_headers(Http2ServerSession& session, const nghttp2_frame& frame) {
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) return on_request(session, frame);
  Http2Stream* stream = stream_of(session, frame.hd.stream_id);
  if (stream == nullptr || stream->handler_ == nullptr) return;
  Http2ServerSession::Impl& impl = *session.impl_;
  if (const Status read = impl.collector.finish_trailers(impl.trailers); !read) return stream->cut(false);
  if (impl.trailers.empty()) {
    stream->handler_->on_stream_end();
  } else {
    stream->handler_->on_stream_trailers(impl.trailers);
  }
}

void Http2Callbacks::on_request(Http2ServerSession& session, const nghttp2_frame& frame) {
  Http2ServerSession::Impl& impl = *session.impl_;
  Http2Request request;
  request.end = ends_stream(frame);
  const Status read = impl.collector.finish_request(impl.head, request.upgrade);
  Http2Stream& stream = session.take_stream(frame.hd.stream_id);
  if (read) {
    impl.handler.on_stream_request(stream, impl.head, request);
  } else {
    impl.handler.on_stream_unreadable(stream, impl.head, read.error());
  }
}

// nghttp2 resets the stream; a peer that has it do so in numbers is a flood as well.
int Http2Callbacks::on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
  Http2ServerSession& session = session_of(self);
  if (frame->hd.type == NGHTTP2_HEADERS) session.in_head_ = false;
  return session.impl_->guard.resets.take(session.impl_->now) ? 0 : session.flooded();
}

int Http2Callbacks::on_data_chunk(nghttp2_session* raw, uint8_t, int32_t id, const uint8_t* data, size_t size,
                                  void* self) {
  Http2ServerSession& session = session_of(self);
  nghttp2_session_consume_connection(raw, size);
  Http2Stream* stream = stream_of(session, id);
  if (stream == nullptr || stream->handler_ == nullptr) {
    nghttp2_session_consume_stream(raw, id, size);
    return 0;
  }
  // It lies in what receive() was given.
  stream->handler_->on_stream_data({const_cast<uint8_t*>(data), size});
  return 0;
}

// A single name or value over 64 KiB is beyond nghttp2's decoder: the session ends, but its request is told why. (What
// is not large is broken, and told nothing.)
int Http2Callbacks::before_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  constexpr size_t kLarge = 8192;
  constexpr std::string_view kAnswer("\x00\x00\x09\x01\x05\x00\x00\x00\x00\x08\x03\x34\x33\x31\x0f\x0d\x01\x30", 18);
  Http2ServerSession& session = session_of(self);
  Http2ServerSession::Impl& impl = *session.impl_;
  if (frame->hd.type != NGHTTP2_GOAWAY || frame->goaway.error_code != NGHTTP2_COMPRESSION_ERROR) return 0;
  if (!session.in_head_ || impl.section_stream == 0 || impl.section_bytes < kLarge) return 0;
  // HEADERS that end the stream: ":status: 431", "content-length: 0".
  impl.out->append(kAnswer);
  put_u32(impl.out->data() + impl.out->size() - kAnswer.size() + 5, static_cast<uint32_t>(impl.section_stream));
  return 0;
}

int Http2Callbacks::on_frame_send(nghttp2_session* raw, const nghttp2_frame* frame, void* self) {
  if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
  session_of(self).impl_->guard.idle_frames.give();
  if (!ends_stream(*frame)) return 0;
  Http2Stream* stream = stream_of(session_of(self), frame->hd.stream_id);
  if (stream == nullptr || stream->opaque_) return 0;
  if (nghttp2_session_get_stream_remote_close(raw, frame->hd.stream_id) != 0) return 0;
  if (stream->handler_ != nullptr) {
    stream->handler_->on_stream_answered();
  } else {
    nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int Http2Callbacks::on_stream_close(nghttp2_session*, int32_t id, uint32_t code, void* self) {
  Http2ServerSession& session = session_of(self);
  Http2Stream* stream = stream_of(session, id);
  if (stream == nullptr) return 0;
  switch (code) {
    case NGHTTP2_NO_ERROR:
      session.close_stream(*stream, kDone);
      break;
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_FLOW_CONTROL_ERROR:
    case NGHTTP2_STREAM_CLOSED:
      session.close_stream(*stream, kBroken);
      break;
    default:
      session.close_stream(*stream, kLeft);
      break;
  }
  return 0;
}

ssize_t Http2Callbacks::read_data(nghttp2_session*, int32_t, uint8_t*, size_t size, uint32_t* flags,
                                  nghttp2_data_source* source, void*) {
  Http2Stream& stream = *static_cast<Http2Stream*>(source->ptr);
  const size_t waiting = stream.waiting_.size();
  if (waiting == 0 && !stream.ended_) {
    if (stream.cut_ && !std::exchange(stream.reset_, true)) {
      nghttp2_submit_rst_stream(stream.session_->impl_->session, NGHTTP2_FLAG_NONE, stream.id_, stream.cut_code_);
    }
    stream.deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream.ended_ && waiting <= size) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.trailers_.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      submit_trailers(stream);
    }
  }
  return static_cast<ssize_t>(std::min(size, waiting));
}

void Http2Callbacks::submit_trailers(Http2Stream& stream) {
  Fields fields;
  std::string_view rest = stream.trailers_;
  const auto next = [&rest] {
    const std::string_view text = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(text.size() + 1);
    return text;
  };
  while (!rest.empty()) {
    const std::string_view name = next();
    fields.push_back({name, next()});
  }
  std::string text;
  std::vector<nghttp2_nv> rows;
  make_rows({}, fields, text, rows);
  nghttp2_submit_trailer(stream.session_->impl_->session, stream.id_, rows.data(), rows.size());
}

int Http2Callbacks::send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t size,
                              nghttp2_data_source* source, void* self) {
  constexpr size_t kFrameHeaderBytes = 9;
  assert(frame->data.padlen == 0);
  static_cast<void>(frame);
  Http2Stream& stream = *static_cast<Http2Stream*>(source->ptr);
  ByteBuffer& out = *session_of(self).impl_->out;
  out.append(Bytes(header, kFrameHeaderBytes));
  out.append(stream.waiting_.view().first(size));
  stream.waiting_.consume(size);
  if (stream.waiting_.empty()) stream.waiting_.release();
  if (stream.over_mark_ && stream.waiting_.size() <= Http2Stream::kMarkBytes / 2) {
    stream.over_mark_ = false;
    session_of(self).impl_->drained.push_back(&stream);
  }
  return 0;
}

}  // namespace ingress::http
