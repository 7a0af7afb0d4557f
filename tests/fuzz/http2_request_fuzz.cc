// Raw bytes of an HTTP/2 client, behind a preface or not. However they are cut, the same requests are told, in heads
// that HTTP/1.1 could say; and the session answers, drains and ends without a bad write.
#include <array>
#include <cstring>
#include <map>
#include <memory>

#include "common/http/forward_rules.h"
#include "common/http/http2_server.h"
#include "tests/fuzz/http1_fuzz.h"

using namespace ingress;
using namespace ingress::http;
using namespace ingress::http::test;

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Writes down what it is told, and answers each request when it has ended.
class Writer final : public Http2SessionHandler {
 public:
  std::string text;

  void on_stream_request(Http2Stream& stream, const RequestHead& head, const Http2Request& request) override {
    text.append(head.method).append(" ").append(head.target).append("\n");
    for (const Field& field : head.fields) {
      require(field.value.find_first_of("\r\n", 0) == std::string_view::npos, "a line's end in a value");
      if (field.name != "Sec-WebSocket-Key") text.append(field.name).append(": ").append(field.value).append("\n");
    }
    require(request_target(head).has_value(), "a request was told whose host is not clear");
    add(stream, request.end && !request.upgrade);
  }
  void on_stream_unreadable(Http2Stream& stream, const RequestHead&, const Error& error) override {
    text.append(error.context).append("\n");
    add(stream, true);
  }

 private:
  struct Stream final : Http2StreamHandler {
    Writer* writer = nullptr;
    Http2Stream* stream = nullptr;
    std::string body;

    void answer() {
      if (stream == nullptr) return;
      stream->send_head(103, {{"Link", "a"}}, false);
      stream->send_head(200, {{"X-A", "b"}}, false);
      stream->send_data(as_bytes(body), false);
      stream->send_trailers({{"X-T", "c"}});
    }
    void on_stream_data(MutableBytes payload) override {
      body.append(as_text(payload));
      std::memset(payload.data() - 9, 0xee, 9 + payload.size());
      stream->consumed(payload.size(), true);
    }
    void on_stream_end() override { ended({}); }
    void on_stream_trailers(const Fields& trailers) override { ended(trailers); }
    void ended(const Fields& trailers) {
      writer->text.append(std::to_string(body.size())).append(" bytes\n");
      for (const Field& field : trailers) writer->text.append(field.name).append("= ").append(field.value).append("\n");
      answer();
    }
    void on_stream_drained() override {}
    void on_stream_answered() override {}
    void on_stream_closed(const Error&) override { stream = nullptr; }
  };

  void add(Http2Stream& stream, bool whole) {
    streams_.push_back(std::make_unique<Stream>());
    Stream& made = *streams_.back();
    made.writer = this;
    made.stream = &stream;
    stream.set_handler(&made);
    if (whole) made.answer();
  }

  std::vector<std::unique_ptr<Stream>> streams_;
};

// After a client's GOAWAY nghttp2 reads no further piece, but the rest of the one in hand.
bool has_goaway(std::string_view raw) {
  constexpr size_t kHeaderBytes = 9;
  constexpr char kGoaway = 7;
  if (raw.starts_with(kPreface)) raw.remove_prefix(kPreface.size());
  while (raw.size() >= kHeaderBytes) {
    if (raw[3] == kGoaway) return true;
    raw.remove_prefix(std::min(raw.size(), kHeaderBytes + get_u24(as_bytes(raw).data())));
  }
  return false;
}

// Nothing is written before all has come, so that the cuts make no difference.
std::string told_of(std::string_view raw, const Sizer& cut) {
  Writer writer;
  Http2ServerSession session(writer, {.head_bytes = 4096, .field_count = 64});
  std::string_view rest = raw;
  for (size_t number = 0; !rest.empty(); ++number) {
    const size_t size = std::min(std::max<size_t>(cut(rest.size()), 1), rest.size());
    std::vector<uint8_t> bytes(kHeadroomBytes + size);
    std::memcpy(bytes.data() + kHeadroomBytes, rest.data(), size);
    session.receive(MutableBytes(bytes).subspan(kHeadroomBytes), Time{Duration{1}});
    rest.remove_prefix(size);
  }
  ByteBuffer out;
  session.drain();
  session.finish_drain();
  while (session.output(out, size_t{64} * 1024)) out.clear();
  session.lose(Error{ErrorCode::kReset, Side::kClient, false, 0, "the end"});
  require(session.stream_count() == 0, "a stream outlives its session");
  return writer.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string raw(as_text({data, size}));
  if (size > 0 && data[0] < 0x80) raw.insert(0, kPreface);
  const uint64_t seed = hash_of(raw);
  const std::string expected = told_of(raw, whole);
  for (const Sizer& cut : {seeded(seed), Sizer(bytewise)}) {
    const std::string seen = told_of(raw, cut);
    const bool same = has_goaway(raw) || seen == expected;
    require(same, "cutting changed what was told", same ? seen : std::string(expected).append("----\n").append(seen));
  }
  return 0;
}
