// Frames that are mostly well-formed, given to two sessions: whole, and in pieces as the input says. Both must hear the
// same, write the same and end the same.
#include <map>
#include <string>

#include "common/tunnel/head_codec.h"
#include "tunnel_fuzz.h"

namespace ingress::tunnel {
namespace {

using fuzz::Input;
using fuzz::require;

// What one stream heard; the pieces of its data put together.
struct Listener final : StreamHandler {
  void on_head(const http::ResponseHead& head, bool end) override {
    note("h" + std::to_string(head.status) + std::string(head.reason), head.fields, end);
  }
  void on_data(MutableBytes payload, bool end) override {
    heard.append(as_text(payload));
    if (end) heard.append("|end");
  }
  void on_trailers(const http::Fields& trailers) override { note("t", trailers, true); }
  void on_sendable() override {}
  void on_closed(const Error& error, ResetCode code) override {
    heard += "|c" + std::to_string(static_cast<int>(error.code)) + "," + std::to_string(static_cast<int>(code));
  }
  void note(const std::string& what, const http::Fields& fields, bool end) {
    heard += "|" + what;
    for (const http::Field& field : fields) heard.append(field.name).append("=").append(field.value);
    if (end) heard += "|end";
  }
  std::string heard;
};

struct End final : SessionHandler {
  explicit End(Role role) : session(role, *this, sink, limits(), now) {
    if (role == Role::kAgent) session.send_hello({});
    receive(fuzz::opening_of_peer(role));
    if (role == Role::kBroker) {
      session.send_welcome({});
      OpenHead head;
      head.port = 1;
      head.request.method = "GET";
      head.request.target = "/";
      for (uint32_t id = 1; id <= 4; ++id) {
        head.upgrade = id == 2;
        Error why;
        session.open(head, id == 1, &listeners[id], now, why);
      }
    }
  }
  ~End() { session.lost(Error{}); }
  static SessionLimits limits() {
    SessionLimits limits;
    limits.max_streams = 6;
    return limits;
  }

  StreamHandler* on_open(Stream& stream, const OpenHead& head, bool end) override {
    Listener& listener = listeners[stream.id()];
    listener.note(std::string(head.request.method) + std::string(head.request.target) + std::to_string(head.port),
                  head.request.fields, end);
    return stream.id() % 5 == 0 ? nullptr : &listener;
  }
  void on_goaway(const pb::Goaway& goaway) override { heard += "|g" + std::to_string(goaway.reason()); }
  void on_failed(const Error& error) override { heard += std::string("|f") + error.context; }

  void receive(Bytes bytes) {
    fuzz::Payload payload(bytes);
    session.receive(payload.span(), now);
  }

  Time now{Duration{1000}};
  fuzz::Sink sink;
  std::map<uint32_t, Listener> listeners;
  std::string heard;
  Session session;
};

// Appends one frame as the input says.
void append_frame(std::vector<uint8_t>& out, Input& input) {
  const uint8_t what = input.byte();
  const uint8_t more = input.byte();
  const uint8_t flags = more & 1 ? kFlagEnd : 0;
  const uint32_t id = (more >> 1) % 8;
  ByteBuffer encoded;
  const auto put = [&out](FrameType type, uint8_t with_flags, uint32_t on, Bytes payload) {
    const auto bytes = fuzz::frame(type, with_flags, on, payload);
    out.insert(out.end(), bytes.begin(), bytes.end());
  };
  const std::string text(as_text(input.bytes(what % 16 == 0 ? 0 : more % 12)));
  switch (what % 12) {
    case 0:
    case 1: {
      const std::vector<uint8_t> data(what >= 230 ? more * 150U : more % 64, what);
      return put(FrameType::kData, flags, id, data);
    }
    case 2: {
      OpenHead head;
      head.port = 1 + more;
      head.request.method = "GET";
      head.request.target = "/";
      head.request.fields = {{"A", text}};
      if (encode_open(head, more, true, encoded) != EncodeStatus::kGood) return;
      return put(FrameType::kOpen, flags, id, encoded.view());
    }
    case 3:
    case 4: {
      http::ResponseHead head;
      head.status = what & 64 ? 103 : what & 128 ? 101 : 200;
      head.reason = text;
      if (encode_head(head, more, encoded) != EncodeStatus::kGood) return;
      return put(FrameType::kHead, flags, id, encoded.view());
    }
    case 5:
      if (encode_trailers({{"T", text}}, encoded) != EncodeStatus::kGood) return;
      return put(FrameType::kTrailers, 0, id, encoded.view());
    case 6:
    case 7: {
      const uint8_t number[4] = {0, 0, what, more};
      return put(what % 12 == 6 ? FrameType::kReset : FrameType::kWindow, 0, id, number);
    }
    case 8: {
      const uint8_t number[8] = {0, 0, 0, 0, 0, 0, 0, more};
      return put(what & 64 ? FrameType::kPing : FrameType::kPong, 0, 0, number);
    }
    case 9:
      return put(static_cast<FrameType>(0xc + what % 4), kFlagIgnorable, id, as_bytes(text));
    case 10: {
      pb::Goaway goaway;
      goaway.set_reason(static_cast<pb::Goaway::Reason>(more % 4));
      return put(FrameType::kGoaway, 0, 0, as_bytes(goaway.SerializeAsString()));
    }
    default: {
      const Bytes raw = as_bytes(text);
      out.insert(out.end(), raw.begin(), raw.end());
    }
  }
}

void check(Input& input) {
  const Role role = input.byte() % 2 == 0 ? Role::kBroker : Role::kAgent;
  const Bytes sizes = input.bytes(8);
  std::vector<uint8_t> bytes;
  while (!input.empty() && bytes.size() < 70000) append_frame(bytes, input);

  End whole(role);
  whole.receive(bytes);
  End split(role);
  // From one copy of the bytes: what lies before a piece may be overwritten. (The session target gives each piece
  // memory of its own.)
  fuzz::Payload payload(bytes);
  MutableBytes left = payload.span();
  for (size_t turn = 0; !left.empty(); ++turn) {
    size_t size = sizes.empty() ? 1 : sizes[turn % sizes.size()] % 100 + 1;
    if (left.size() > 3000 || size > 80) size *= 50;
    size = std::min(size, left.size());
    split.session.receive(left.first(size), split.now);
    left = left.subspan(size);
  }
  require(whole.heard == split.heard);
  require(whole.sink.out == split.sink.out);
  require(whole.listeners.size() == split.listeners.size());
  for (const auto& [id, listener] : whole.listeners) require(listener.heard == split.listeners[id].heard);
  require(whole.session.stream_count() == split.session.stream_count());
}

}  // namespace
}  // namespace ingress::tunnel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ingress::tunnel::fuzz::Input input(ingress::Bytes{data, size});
  ingress::tunnel::check(input);
  return 0;
}
