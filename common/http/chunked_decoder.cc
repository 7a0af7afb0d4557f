#include "common/http/chunked_decoder.h"

#include <algorithm>

#include "common/http/head_parser.h"

namespace ingress::http {
namespace {

constexpr uint8_t kMostDigits = 15;  // 2^60 - 1 bytes
constexpr uint32_t kMostExtensionBytes = 4096;

int hex_value(uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

// Fields that frame, route or authenticate a message have no place behind it (RFC 9110, 6.5.1).
bool is_forbidden_trailer(std::string_view name) {
  for (const std::string_view forbidden :
       {"Content-Length", "Transfer-Encoding", "Host", "Connection", "Upgrade", "Authorization", "Content-Encoding",
        "Content-Type", "Trailer", "TE", "Set-Cookie", "Cookie", "Expect"}) {
    if (iequals(name, forbidden)) return true;
  }
  return false;
}

}  // namespace

void ChunkedDecoder::reset() { *this = ChunkedDecoder(); }

ChunkedDecoder::Event ChunkedDecoder::next(MutableBytes& input, size_t allowance, size_t trailer_limit,
                                           size_t field_limit, Fields& trailers) {
  while (true) {
    if (state_ == State::kTrailers) return take_trailers(input, trailer_limit, field_limit, trailers);
    if (input.empty()) return Event::kNeedMore;
    if (state_ == State::kData) {
      if (allowance == 0) return Event::kBlocked;
      const size_t size = static_cast<size_t>(std::min<uint64_t>({left_, input.size(), allowance}));
      data_ = input.first(size);
      input = input.subspan(size);
      left_ -= size;
      if (left_ == 0) state_ = State::kDataReturn;
      return Event::kData;
    }
    const Event event = take_framing_byte(input.front());
    if (event != Event::kNeedMore) return event;
    input = input.subspan(1);
  }
}

// kNeedMore: taken.
ChunkedDecoder::Event ChunkedDecoder::take_framing_byte(uint8_t byte) {
  switch (state_) {
    case State::kSizeFirst:
    case State::kSize: {
      const int digit = hex_value(byte);
      if (digit >= 0) {
        if (++digits_ > kMostDigits) return Event::kMalformed;
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        state_ = State::kSize;
        return Event::kNeedMore;
      }
      if (state_ == State::kSizeFirst) return Event::kMalformed;
      if (byte != '\r' && byte != ';') return Event::kMalformed;
      state_ = byte == '\r' ? State::kSizeLineFeed : State::kExtension;
      return Event::kNeedMore;
    }
    case State::kExtension:
      if (++extension_bytes_ > kMostExtensionBytes) return Event::kTooLarge;
      if (byte == '\r') {
        state_ = State::kSizeLineFeed;
      } else if (byte != '\t' && (byte < 0x20 || byte == 0x7f)) {
        return Event::kMalformed;
      }
      return Event::kNeedMore;
    case State::kSizeLineFeed:
      if (byte != '\n') return Event::kMalformed;
      state_ = left_ == 0 ? State::kTrailers : State::kData;
      digits_ = 0;
      return Event::kNeedMore;
    case State::kDataReturn:
      if (byte != '\r') return Event::kMalformed;
      state_ = State::kDataLineFeed;
      return Event::kNeedMore;
    case State::kDataLineFeed:
      if (byte != '\n') return Event::kMalformed;
      state_ = State::kSizeFirst;
      return Event::kNeedMore;
    case State::kData:
    case State::kTrailers:
      break;
  }
  return Event::kMalformed;
}

ChunkedDecoder::Event ChunkedDecoder::take_trailers(MutableBytes& input, size_t trailer_limit, size_t field_limit,
                                                    Fields& trailers) {
  const std::string_view text = as_text(input);
  const HeadScanner::Found found = scanner_.scan(text);
  if (found == HeadScanner::Found::kBareLineFeed) return Event::kMalformed;
  if (scanner_.head_bytes() > trailer_limit) return Event::kTooLarge;
  if (found == HeadScanner::Found::kNothing) return Event::kNeedMore;
  const std::string_view block = text.substr(0, scanner_.head_bytes());
  input = input.subspan(block.size());
  if (block.size() == 2) return Event::kEnd;
  if (!check_field_lines(block)) return Event::kMalformed;
  trailers = take_spare_fields();
  const ParseResult parsed = parse_field_lines(block, 1, field_limit, trailers);
  std::erase_if(trailers, [](const Field& field) { return is_forbidden_trailer(field.name); });
  if (parsed == ParseResult::kTooMany) return Event::kTooLarge;
  return parsed == ParseResult::kGood ? Event::kEnd : Event::kMalformed;
}

}  // namespace ingress::http
