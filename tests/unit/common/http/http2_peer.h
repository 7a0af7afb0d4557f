// A client of HTTP/2 in memory, by nghttp2: what the tests of our server's side talk to. It checks little, so that it
// can be told to misbehave; raw bytes may be put between.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/bytes.h"

namespace ingress::http::test {

using Rows = std::vector<std::pair<std::string, std::string>>;

// What came on one stream.
struct PeerStream {
  std::vector<Rows> heads;  // 1xx, the final one, trailers
  std::string body;
  bool ended = false;
  bool closed = false;
  uint32_t code = 0;  // of its close

  std::string_view value(size_t head, std::string_view name) const {
    if (head >= heads.size()) return {};
    for (const auto& [row_name, value] : heads[head]) {
      if (row_name == name) return value;
    }
    return {};
  }
  std::string_view status() const { return heads.empty() ? std::string_view{} : value(heads.size() - 1, ":status"); }
};

class Http2Peer {
 public:
  Http2Peer() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_http_messaging(option, 1);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_max_send_header_block_length(option, size_t{1} << 24);
    nghttp2_session_client_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
  }
  ~Http2Peer() { nghttp2_session_del(session_); }
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  // Before anything else. `window`: of each stream, -1 for the protocol's own.
  void hello(int64_t window = -1) {
    nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(window)};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, window < 0 ? 0 : 1);
  }
  // A request; its body is given by send(), unless `end`.
  int32_t request(const Rows& rows, bool end = true) {
    std::vector<nghttp2_nv> made;
    for (const auto& [name, value] : rows) made.push_back(row(name, value));
    nghttp2_data_provider provider;
    provider.source.ptr = nullptr;
    provider.read_callback = read_body;
    return nghttp2_submit_request(session_, nullptr, made.data(), made.size(), end ? nullptr : &provider, nullptr);
  }
  int32_t get(std::string_view path, std::string_view host = "h") {
    return request(
        {{":method", "GET"}, {":scheme", "http"}, {":authority", std::string(host)}, {":path", std::string(path)}});
  }
  int32_t post(std::string_view path, Rows more = {}) {
    Rows rows = {{":method", "POST"}, {":scheme", "http"}, {":authority", "h"}, {":path", std::string(path)}};
    rows.insert(rows.end(), more.begin(), more.end());
    return request(rows, false);
  }
  // Goes out by output(), as the server's windows let it.
  void send(int32_t stream, std::string_view body, bool end, bool trailers_follow = false) {
    Body& to = bodies_[stream];
    to.text.append(body);
    to.end = end;
    to.trailers_follow = trailers_follow;
    nghttp2_session_resume_data(session_, stream);
  }
  void trailers(int32_t stream, const Rows& rows) {
    std::vector<nghttp2_nv> made;
    for (const auto& [name, value] : rows) made.push_back(row(name, value));
    nghttp2_submit_trailer(session_, stream, made.data(), made.size());
  }
  void reset(int32_t stream, uint32_t code = NGHTTP2_CANCEL) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, code);
  }
  // Gives back windows: all that came on the stream (and the connection).
  void consume(int32_t stream, size_t bytes) { nghttp2_session_consume(session_, stream, bytes); }

  nghttp2_session* raw() { return session_; }

  std::string output() {
    std::string out;
    const uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      out.append(as_text({bytes, static_cast<size_t>(size)}));
    }
    return out;
  }
  // False where what came is no HTTP/2.
  bool receive(Bytes bytes) {
    return nghttp2_session_mem_recv(session_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }

  std::map<int32_t, PeerStream> streams;
  std::vector<std::pair<int32_t, uint32_t>> goaways;  // last stream, code
  std::map<int32_t, uint32_t> settings;
  size_t ping_acks = 0;

 private:
  struct Body {
    std::string text;
    size_t at = 0;
    bool end = false;
    bool trailers_follow = false;
  };

  static nghttp2_nv row(const std::string& name, const std::string& value) {
    return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
            reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
            NGHTTP2_NV_FLAG_NONE};
  }

  static ssize_t read_body(nghttp2_session*, int32_t stream, uint8_t* to, size_t size, uint32_t* flags,
                           nghttp2_data_source*, void* self) {
    Body& body = static_cast<Http2Peer*>(self)->bodies_[stream];
    const bool last = body.end || body.trailers_follow;
    const size_t taken = std::min(size, body.text.size() - body.at);
    if (taken == 0 && !last) return NGHTTP2_ERR_DEFERRED;
    std::copy_n(body.text.data() + body.at, taken, to);
    body.at += taken;
    if (body.at == body.text.size() && last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (body.trailers_follow) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return static_cast<ssize_t>(taken);
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    static_cast<Http2Peer*>(self)->streams[frame->hd.stream_id].heads.emplace_back();
    return 0;
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t, void* self) {
    static_cast<Http2Peer*>(self)->streams[frame->hd.stream_id].heads.back().emplace_back(as_text({name, name_size}),
                                                                                          as_text({value, value_size}));
    return 0;
  }
  static int on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    auto& peer = *static_cast<Http2Peer*>(self);
    const bool ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    if (frame->hd.type == NGHTTP2_GOAWAY)
      peer.goaways.emplace_back(frame->goaway.last_stream_id, frame->goaway.error_code);
    if (frame->hd.type == NGHTTP2_PING && ack) ++peer.ping_acks;
    if (frame->hd.type == NGHTTP2_SETTINGS && !ack) {
      for (size_t i = 0; i < frame->settings.niv; ++i) {
        peer.settings[frame->settings.iv[i].settings_id] = frame->settings.iv[i].value;
      }
    }
    const bool content = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (content && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) peer.streams[frame->hd.stream_id].ended = true;
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size, void* self) {
    static_cast<Http2Peer*>(self)->streams[stream].body.append(as_text({data, size}));
    return 0;
  }
  static int on_close(nghttp2_session*, int32_t stream, uint32_t code, void* self) {
    PeerStream& of = static_cast<Http2Peer*>(self)->streams[stream];
    of.closed = true;
    of.code = code;
    return 0;
  }

  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Body> bodies_;
};

}  // namespace ingress::http::test
