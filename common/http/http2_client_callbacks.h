// nghttp2's callbacks of an Http2ClientSession. Private to common/http.
#pragma once

#include <nghttp2/nghttp2.h>

#include "common/http/http2_client_session.h"

namespace ingress::http {

struct Http2ClientSession::Callbacks {
  // One table for all sessions.
  static const nghttp2_session_callbacks* table();

  static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t* to, size_t size, uint32_t* flags,
                           nghttp2_data_source* source, void* self);
  static int begin_frame(nghttp2_session* session, const nghttp2_frame_hd* header, void* self);
  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* self);
  static int header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes,
                    const uint8_t* value, size_t value_bytes, uint8_t flags, void* self);
  static int invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                            size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t flags, void* self);
  static int data_chunk(nghttp2_session* session, uint8_t flags, int32_t id, const uint8_t* data, size_t size,
                        void* self);
  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* self);
  static int frame_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int error, void* self);
  static int stream_close(nghttp2_session* session, int32_t id, uint32_t code, void* self);
};

}  // namespace ingress::http
