// An HTTP/2 server in memory, by nghttp2's server session, that does what a test tells it, well-formed or not.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/bytes.h"

namespace ingress::http::test {

using HeadPairs = std::vector<std::pair<std::string, std::string>>;

class Http2OriginPeer {
 public:
  struct Request {
    std::map<std::string, std::string> fields;
    std::map<std::string, std::string> trailers;
    std::string body;
    bool begun = false;
    bool ended = false;
    std::optional<uint32_t> reset;
  };

  explicit Http2OriginPeer(uint32_t most_streams = 100) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_http_messaging(option, 1);
    nghttp2_option_set_max_send_header_block_length(option, 1 << 20);
    nghttp2_session_server_new2(&session, calls, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(calls);
    const nghttp2_settings_entry settings{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, most_streams};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &settings, 1);
  }
  ~Http2OriginPeer() { nghttp2_session_del(session); }
  Http2OriginPeer(const Http2OriginPeer&) = delete;
  Http2OriginPeer& operator=(const Http2OriginPeer&) = delete;

  // False where the client broke HTTP/2.
  bool receive(Bytes bytes) {
    return nghttp2_session_mem_recv(session, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }
  std::string take() {
    std::string out;
    const uint8_t* data = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session, &data)) > 0;) {
      out.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
    return out;
  }

  // A head, or trailers.
  void head(int32_t id, const HeadPairs& fields, bool end = false) {
    std::vector<nghttp2_nv> all;
    for (const auto& [name, value] : fields) {
      all.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_submit_headers(session, end ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, id, nullptr, all.data(),
                           all.size(), nullptr);
  }
  // As far as the client's window allows; one at a time for each stream.
  void data(int32_t id, const std::string& text, bool end = false) {
    waiting[id] = text;
    nghttp2_data_provider provider{};
    provider.read_callback = read_data;
    nghttp2_submit_data(session, end ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, id, &provider);
  }
  void reset(int32_t id, uint32_t code) { nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, code); }
  void goaway(int32_t last) { nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0); }

  nghttp2_session* session = nullptr;
  std::map<int32_t, Request> requests;
  std::map<int32_t, std::string> waiting;  // data that the window did not allow yet
  bool left = false;                       // GOAWAY came

 private:
  static uint8_t* bytes_of(const std::string& text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes,
                       const uint8_t* value, size_t value_bytes, uint8_t, void* self) {
    Request& request = static_cast<Http2OriginPeer*>(self)->requests[frame->hd.stream_id];
    auto& fields = request.begun ? request.trailers : request.fields;
    fields[std::string(as_text({name, name_bytes}))] = as_text({value, value_bytes});
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
    static_cast<Http2OriginPeer*>(self)->requests[id].body += as_text({data, size});
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    auto& peer = *static_cast<Http2OriginPeer*>(self);
    if (frame->hd.type == NGHTTP2_GOAWAY) peer.left = true;
    if (frame->hd.stream_id == 0) return 0;
    Request& request = peer.requests[frame->hd.stream_id];
    if (frame->hd.type == NGHTTP2_RST_STREAM) request.reset = frame->rst_stream.error_code;
    if (frame->hd.type == NGHTTP2_HEADERS) request.begun = true;
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) request.ended = true;
    return 0;
  }
  static ssize_t read_data(nghttp2_session*, int32_t id, uint8_t* to, size_t size, uint32_t* flags,
                           nghttp2_data_source*, void* self) {
    std::string& text = static_cast<Http2OriginPeer*>(self)->waiting[id];
    const size_t count = std::min(size, text.size());
    std::copy_n(text.data(), count, to);
    text.erase(0, count);
    if (text.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }
};

}  // namespace ingress::http::test
