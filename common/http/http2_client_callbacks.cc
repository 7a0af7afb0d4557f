#include "common/http/http2_client_callbacks.h"

#include <vector>

#include "common/http/http2_request_fields.h"

namespace ingress::http {
namespace {

std::string_view text_of(const uint8_t* data, size_t size) { return as_text({data, size}); }

Http2ClientSession& session_of(void* self) { return *static_cast<Http2ClientSession*>(self); }

// nullptr where the stream's owner is not to be told any more.
Http2ClientStream* stream_of(nghttp2_session* session, int32_t id) {
  return static_cast<Http2ClientStream*>(nghttp2_session_get_stream_user_data(session, id));
}

bool ends_stream(const nghttp2_frame_hd& header) { return (header.flags & NGHTTP2_FLAG_END_STREAM) != 0; }

}  // namespace

const nghttp2_session_callbacks* Http2ClientSession::Callbacks::table() {
  static const nghttp2_session_callbacks* const kTable = [] {
    nghttp2_session_callbacks* made = nullptr;
    nghttp2_session_callbacks_new(&made);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, frame_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_close);
    return made;
  }();
  return kTable;
}

ssize_t Http2ClientSession::Callbacks::read_body(nghttp2_session* session, int32_t id, uint8_t* to, size_t size,
                                                 uint32_t* flags, nghttp2_data_source*, void*) {
  Http2ClientStream* const stream = stream_of(session, id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  Http2Body then = Http2Body::kMore;
  const size_t read = stream->read_body({to, size}, then);
  if (then == Http2Body::kMore) return read > 0 ? static_cast<ssize_t>(read) : ssize_t{NGHTTP2_ERR_DEFERRED};
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (then == Http2Body::kTrailers) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    std::vector<nghttp2_nv> fields;
    trailer_fields(stream->body_trailers(), fields);
    nghttp2_submit_trailer(session, id, fields.data(), fields.size());
  }
  return static_cast<ssize_t>(read);
}

int Http2ClientSession::Callbacks::begin_frame(nghttp2_session*, const nghttp2_frame_hd* header, void* self) {
  if (header->type != NGHTTP2_DATA) return 0;
  Http2ClientSession& session = session_of(self);
  session.tail_ = {};
  session.frame_bytes_left_ = header->length;
  session.frame_padded_ = (header->flags & NGHTTP2_FLAG_PADDED) != 0;
  return 0;
}

int Http2ClientSession::Callbacks::begin_headers(nghttp2_session*, const nghttp2_frame*, void* self) {
  session_of(self).begin_head();
  return 0;
}

int Http2ClientSession::Callbacks::header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                                          size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t,
                                          void* self) {
  Http2ClientStream* const stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const bool taken = session_of(self).take_field(*stream, text_of(name, name_bytes), text_of(value, value_bytes));
  return taken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2ClientSession::Callbacks::invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                                                  const uint8_t*, size_t, uint8_t, void*) {
  // By itself nghttp2 would leave the field out.
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2ClientSession::Callbacks::data_chunk(nghttp2_session* session, uint8_t flags, int32_t id, const uint8_t* data,
                                              size_t size, void* self) {
  Http2ClientSession& owner = session_of(self);
  nghttp2_session_consume_connection(session, size);
  owner.frame_bytes_left_ -= size;
  Http2ClientStream* const stream = stream_of(session, id);
  if (stream == nullptr) return 0;
  const bool last = (flags & NGHTTP2_FLAG_END_STREAM) != 0 && !owner.frame_padded_ && owner.frame_bytes_left_ == 0;
  // It lies in the input, which is the caller's and mutable.
  owner.take_data(*stream, {const_cast<uint8_t*>(data), size}, last);
  return 0;
}

int Http2ClientSession::Callbacks::frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
  Http2ClientSession& owner = session_of(self);
  if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) owner.settings_came_ = true;
  if (frame->hd.type == NGHTTP2_GOAWAY) owner.goaway_came_ = true;
  Http2ClientStream* const stream = frame->hd.stream_id > 0 ? stream_of(session, frame->hd.stream_id) : nullptr;
  if (stream == nullptr) return 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      owner.end_head(*stream, ends_stream(frame->hd));
      break;
    case NGHTTP2_DATA:
      if (ends_stream(frame->hd)) owner.end_data(*stream);
      break;
    case NGHTTP2_RST_STREAM:
      stream->record.reset_by_peer = true;
      break;
    default:
      break;
  }
  return 0;
}

int Http2ClientSession::Callbacks::frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  // A GOAWAY came before the request went.
  if (Http2ClientStream* stream = session_of(self).find(frame->hd.stream_id)) {
    session_of(self).stream_closed(*stream, NGHTTP2_REFUSED_STREAM);
  }
  return 0;
}

int Http2ClientSession::Callbacks::stream_close(nghttp2_session* session, int32_t id, uint32_t code, void* self) {
  if (Http2ClientStream* stream = stream_of(session, id)) session_of(self).stream_closed(*stream, code);
  return 0;
}

}  // namespace ingress::http
