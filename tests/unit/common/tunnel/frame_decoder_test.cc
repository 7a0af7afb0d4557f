#include "common/tunnel/frame_decoder.h"

#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::frame;

constexpr uint16_t kAll = 0x0fff;

struct Read {
  std::vector<std::string> log;
  bool error = false;
};

// Feeds `bytes` in pieces and writes down the frames; pieces of one DATA are put together.
Read read(FrameDecoder& decoder, Bytes bytes, size_t piece) {
  Read result;
  std::string data;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min(piece, bytes.size() - at);
    test::Payload payload(bytes.subspan(at, size));
    at += size;
    MutableBytes input = payload.span();
    for (;;) {
      const FrameDecoder::Event event = decoder.next(input);
      if (event == FrameDecoder::Event::kNeedMore) break;
      if (event == FrameDecoder::Event::kError) {
        result.log.push_back("error " + std::to_string(static_cast<int>(decoder.breach())));
        result.error = true;
        return result;
      }
      const FrameHeader& header = decoder.header();
      const std::string head = std::to_string(header.type) + "/" + std::to_string(header.stream_id) + " ";
      if (event == FrameDecoder::Event::kFrame) {
        result.log.push_back(head + std::string(as_text(decoder.payload())));
      } else {
        if (decoder.first_piece()) data = head;
        data.append(as_text(decoder.payload()));
        if (decoder.last_piece()) result.log.push_back(data);
      }
    }
    CHECK(input.empty());
  }
  return result;
}

void append(std::vector<uint8_t>& to, const std::vector<uint8_t>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::vector<uint8_t> sample() {
  std::vector<uint8_t> bytes = frame(FrameType::kHello, 0, 0, "hello");
  append(bytes, frame(FrameType::kOpen, 0, 1, "open"));
  append(bytes, frame(FrameType::kData, 0, 1, "some data"));
  append(bytes, frame(0x0d, kFlagIgnorable, 0, as_bytes("skipped")));
  append(bytes, frame(FrameType::kData, kFlagEnd, 1, ""));
  append(bytes, frame(0xff, kFlagIgnorable, 77, {}));
  append(bytes, frame(FrameType::kPing, 0, 0, "12345678"));
  append(bytes, frame(FrameType::kReset, 0, 1, "1234"));
  append(bytes, frame(FrameType::kTrailers, 0, 1, ""));
  return bytes;
}

TEST_CASE("frames come out the same however the bytes are split") {
  const std::vector<std::string> expected = {"8/0 hello",    "1/1 open", "0/1 some data", "0/1 ",
                                             "6/0 12345678", "4/1 1234", "3/1 "};
  for (size_t piece = 1; piece <= sample().size(); ++piece) {
    CAPTURE(piece);
    FrameDecoder decoder;
    decoder.allow(kAll);
    CHECK(read(decoder, sample(), piece).log == expected);
  }
}

TEST_CASE("DATA is handed out as it comes, and nothing of it is copied") {
  const auto bytes = frame(FrameType::kData, 0, 5, "abcdef");
  FrameDecoder decoder;
  decoder.allow(kAll);
  test::Payload first(Bytes(bytes).first(12));
  MutableBytes input = first.span();
  REQUIRE(decoder.next(input) == FrameDecoder::Event::kData);
  CHECK(decoder.first_piece());
  CHECK_FALSE(decoder.last_piece());
  CHECK(decoder.payload().data() == first.span().data() + kFrameHeaderBytes);
  CHECK(as_text(decoder.payload()) == "abc");
  CHECK(decoder.next(input) == FrameDecoder::Event::kNeedMore);
  test::Payload second(Bytes(bytes).subspan(12));
  input = second.span();
  REQUIRE(decoder.next(input) == FrameDecoder::Event::kData);
  CHECK_FALSE(decoder.first_piece());
  CHECK(decoder.last_piece());
  CHECK(decoder.payload().data() == second.span().data());
}

TEST_CASE("a frame that lies whole in the input is handed out in place") {
  auto bytes = frame(FrameType::kHead, 0, 5, "abcdef");
  FrameDecoder decoder;
  decoder.allow(kAll);
  MutableBytes input(bytes);
  REQUIRE(decoder.next(input) == FrameDecoder::Event::kFrame);
  CHECK(decoder.payload().data() == bytes.data() + kFrameHeaderBytes);
}

Breach breach_of(uint8_t type, uint8_t flags, uint32_t id, uint32_t length, uint16_t allowed = kAll) {
  FrameDecoder decoder;
  decoder.allow(allowed);
  uint8_t header[kFrameHeaderBytes];
  write_frame_header(header, {length, type, flags, id});
  MutableBytes input(header);
  REQUIRE(decoder.next(input) == FrameDecoder::Event::kError);
  CHECK(decoder.next(input) == FrameDecoder::Event::kError);  // for good
  return decoder.breach();
}

TEST_CASE("a frame that is too large for its type is refused by its header alone") {
  CHECK(breach_of(0x0, 0, 1, kMaxDataBytes + 1) == Breach::kFrameTooLarge);
  for (const uint8_t type : {0x1, 0x2, 0x3}) CHECK(breach_of(type, 0, 1, kMaxHeadBytes + 1) == Breach::kFrameTooLarge);
  for (const uint8_t type : {0x8, 0x9, 0xa, 0xb}) {
    CHECK(breach_of(type, 0, 0, kMaxHeadBytes + 1) == Breach::kFrameTooLarge);
  }
}

TEST_CASE("a frame of the wrong length or with the wrong kind of id is malformed") {
  for (const uint8_t type : {0x4, 0x5}) {
    CHECK(breach_of(type, 0, 1, 3) == Breach::kBadFrame);
    CHECK(breach_of(type, 0, 1, 5) == Breach::kBadFrame);
    CHECK(breach_of(type, 0, 0, 4) == Breach::kBadFrame);
  }
  for (const uint8_t type : {0x6, 0x7}) {
    CHECK(breach_of(type, 0, 0, 7) == Breach::kBadFrame);
    CHECK(breach_of(type, 0, 0, 9) == Breach::kBadFrame);
    CHECK(breach_of(type, 0, 1, 8) == Breach::kBadFrame);
  }
  for (const uint8_t type : {0x0, 0x1, 0x2, 0x3}) CHECK(breach_of(type, 0, 0, 4) == Breach::kBadFrame);
  for (const uint8_t type : {0x8, 0x9, 0xa, 0xb}) CHECK(breach_of(type, 0, 1, 4) == Breach::kBadFrame);
}

TEST_CASE("a known type that may not come now is refused, ignorable or not") {
  CHECK(breach_of(0x1, 0, 1, 4, kAll & ~0x2) == Breach::kUnexpectedFrame);
  CHECK(breach_of(0x1, kFlagIgnorable, 1, 4, kAll & ~0x2) == Breach::kUnexpectedFrame);
}

TEST_CASE("EVENT and CONFIG are handed out where they may come, and else skipped") {
  constexpr uint16_t kAllOfAgent = kAll | type_bit(FrameType::kConfig);
  std::vector<uint8_t> bytes = frame(FrameType::kConfig, kFlagIgnorable, 0, "config");
  append(bytes, frame(FrameType::kEvent, kFlagIgnorable, 0, "not for an agent"));
  append(bytes, frame(FrameType::kConfig, 0, 0, ""));
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    CAPTURE(piece);
    FrameDecoder decoder;
    decoder.allow(kAllOfAgent);
    CHECK(read(decoder, bytes, piece).log == std::vector<std::string>{"13/0 config", "13/0 "});
  }
  CHECK(breach_of(0xd, kFlagIgnorable, 0, kMaxHeadBytes + 1, kAllOfAgent) == Breach::kFrameTooLarge);
  CHECK(breach_of(0xd, kFlagIgnorable, 1, 4, kAllOfAgent) == Breach::kBadFrame);
  CHECK(breach_of(0xc, 0, 0, 4, kAllOfAgent) == Breach::kUnexpectedFrame);
}

TEST_CASE("an unknown type is refused unless it is ignorable, and then skipped at any length") {
  for (const uint8_t type : {0xe, 0x10, 0x1d, 0xff}) CHECK(breach_of(type, 0, 0, 0) == Breach::kUnknownType);
  FrameDecoder decoder;
  decoder.allow(kAll);
  std::vector<uint8_t> bytes(kFrameHeaderBytes + 0xffffff);
  write_frame_header(bytes.data(), {0xffffff, 0x55, kFlagIgnorable, 9});
  append(bytes, frame(FrameType::kPing, 0, 0, "12345678"));
  CHECK(read(decoder, bytes, 100000).log == std::vector<std::string>{"6/0 12345678"});
}

TEST_CASE("a long run of empty ignorable frames is skipped without going deeper each time") {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 200000; ++i) append(bytes, frame(0xc, kFlagIgnorable, 0, {}));
  FrameDecoder decoder;
  decoder.allow(kAll);
  CHECK(read(decoder, bytes, bytes.size()).log.empty());
}

}  // namespace
}  // namespace ingress::tunnel
