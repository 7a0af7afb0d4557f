// A session of ours and a client of nghttp2's, with the bytes between them.
#pragma once

#include <doctest/doctest.h>

#include <memory>

#include "common/http/http2_server.h"
#include "tests/unit/common/http/http2_peer.h"

namespace ingress::http::test {

// Records what a session tells; answers nothing by itself.
class Recorder final : public Http2SessionHandler {
 public:
  struct Stream final : Http2StreamHandler {
    Http2Stream* stream = nullptr;
    std::string method, target, fields, body, trailers;
    Error unreadable;
    bool upgrade = false, ended = false, closed = false, refused = false, answered = false;
    bool consumes = true;
    Error close_error;
    int drained = 0;

    void on_stream_data(MutableBytes payload) override {
      body.append(as_text(payload));
      std::memset(payload.data() - 9, 0xaa, 9 + payload.size());  // as it may be
      if (consumes) stream->consumed(payload.size(), true);
    }
    void on_stream_end() override { ended = true; }
    void on_stream_trailers(const Fields& rows) override {
      for (const Field& row : rows) trailers.append(row.name).append("=").append(row.value).append(";");
      ended = true;
    }
    void on_stream_drained() override { ++drained; }
    void on_stream_answered() override { answered = true; }
    void on_stream_closed(const Error& error) override {
      closed = true;
      close_error = error;
      stream = nullptr;
    }
  };

  void on_stream_request(Http2Stream& stream, const RequestHead& head, const Http2Request& request) override {
    Stream& made = add(stream, head);
    made.upgrade = request.upgrade;
    made.ended = request.end;
  }
  void on_stream_unreadable(Http2Stream& stream, const RequestHead& head, const Error& error) override {
    Stream& made = add(stream, head);
    made.refused = true;
    made.unreadable = error;
    stream.send_head(status_of(error), {}, true);
  }

  std::vector<std::unique_ptr<Stream>> streams;

 private:
  Stream& add(Http2Stream& stream, const RequestHead& head) {
    streams.push_back(std::make_unique<Stream>());
    Stream& made = *streams.back();
    made.stream = &stream;
    made.method = head.method;
    made.target = head.target;
    for (const Field& field : head.fields) {
      made.fields.append(field.name).append("=").append(field.value).append(";");
    }
    stream.set_handler(&made);
    return made;
  }
};

// Both ends, and the bytes between them, in pieces of `cut`.
struct Pair {
  Recorder recorder;
  Http2ServerSession server{recorder, ReaderLimits{}};
  Http2Peer peer;
  std::string written;  // by the server
  size_t cut = SIZE_MAX;
  Time now{Duration{1000}};

  explicit Pair(int64_t window = -1) { peer.hello(window); }

  void give(std::string_view text) {
    while (!text.empty()) {
      const size_t size = std::min(cut, text.size());
      std::vector<uint8_t> bytes(kHeadroomBytes + size);
      std::memcpy(bytes.data() + kHeadroomBytes, text.data(), size);
      server.receive(MutableBytes(bytes).subspan(kHeadroomBytes), now);
      text.remove_prefix(size);
    }
  }
  bool take() {
    ByteBuffer out;
    while (server.output(out, size_t{64} * 1024)) {
      if (!peer.receive(out.view())) return false;
      written.append(as_text(out.view()));
      out.clear();
    }
    written.append(as_text(out.view()));
    return peer.receive(out.view());
  }
  void run() {
    for (int i = 0; i < 8; ++i) {
      give(peer.output());
      REQUIRE(take());
    }
  }
  Recorder::Stream& last() { return *recorder.streams.back(); }
};

}  // namespace ingress::http::test
