// What requests and responses share: heads found, fields read, bodies framed.
#include <algorithm>

#include "common/http/head_parser.h"
#include "common/http/http1_reader.h"

namespace ingress::http {
namespace {

constexpr uint64_t kMostLength = uint64_t{1} << 62;

// Decimal digits alone (RFC 9110, 8.6).
bool parse_length(std::string_view text, uint64_t& length) {
  if (text.empty() || text.size() > 19) return false;
  length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  return length <= kMostLength;
}

}  // namespace

MessageReader::~MessageReader() { give_spare_fields(trailers_); }

ReadEvent MessageReader::fail(ErrorCode code, const char* context) {
  state_ = State::kFailed;
  error_ = Error{code, side_, false, 0, context};
  return ReadEvent::kError;
}

ReadEvent MessageReader::malformed(const char* context) {
  return fail(side_ == Side::kClient ? ErrorCode::kBadRequest : ErrorCode::kProtocol, context);
}

ReadEvent MessageReader::too_large(const char* context) {
  return fail(side_ == Side::kClient ? ErrorCode::kHeaderTooLarge : ErrorCode::kTooLarge, context);
}

ReadEvent MessageReader::find_head(MutableBytes& input, std::string_view& head) {
  const std::string_view text = as_text(input);
  const HeadScanner::Found found = scanner_.scan(text);
  if (found == HeadScanner::Found::kBareLineFeed) return malformed("a line does not end in CRLF");
  if (scanner_.head_bytes() > limits_.head_bytes) return too_large("the head is too large");
  if (found == HeadScanner::Found::kNothing) return ReadEvent::kNeedMore;
  head = text.substr(0, scanner_.head_bytes());
  input = input.subspan(head.size());
  scanner_.reset();
  return ReadEvent::kHead;
}

bool MessageReader::read_fields(std::string_view block, uint8_t minor_version, Fields& fields) {
  if (!check_field_lines(block)) {
    malformed("a field line is malformed");
    return false;
  }
  switch (parse_field_lines(block, minor_version, limits_.field_count, fields)) {
    case ParseResult::kGood:
      return true;
    case ParseResult::kTooMany:
      too_large("too many fields");
      return false;
    case ParseResult::kMalformed:
      break;
  }
  malformed("the fields are malformed or contradict each other");
  return false;
}

bool MessageReader::read_framing(const Fields& fields, uint8_t minor_version, bool& chunked, bool& has_length,
                                 uint64_t& length) {
  chunked = has_length = false;
  for (const Field& field : fields) {
    if (field.name.size() == 14 && iequals(field.name, "Content-Length")) {
      if (has_length || !parse_length(field.value, length)) return false;
      has_length = true;
    } else if (field.name.size() == 17 && iequals(field.name, "Transfer-Encoding")) {
      if (chunked || minor_version == 0 || !iequals(field.value, "chunked")) return false;
      chunked = true;
    }
  }
  return !chunked || !has_length;
}

ReadEvent MessageReader::next_body(MutableBytes& input, size_t allowance) {
  if (framing_.kind == BodyKind::kChunked) {
    switch (chunks_.next(input, allowance, limits_.head_bytes, limits_.field_count, trailers_)) {
      case ChunkedDecoder::Event::kNeedMore:
        return ReadEvent::kNeedMore;
      case ChunkedDecoder::Event::kBlocked:
        return ReadEvent::kBlocked;
      case ChunkedDecoder::Event::kData:
        data_ = chunks_.data();
        return ReadEvent::kData;
      case ChunkedDecoder::Event::kEnd:
        state_ = State::kHead;
        return ReadEvent::kEnd;
      case ChunkedDecoder::Event::kTooLarge:
        return too_large("chunk extensions or trailers are too large");
      case ChunkedDecoder::Event::kMalformed:
        break;
    }
    return malformed("the chunked coding is malformed");
  }
  if (framing_.kind == BodyKind::kLength || framing_.kind == BodyKind::kNone) {
    if (left_ == 0) {
      state_ = State::kHead;
      return ReadEvent::kEnd;
    }
  }
  if (input.empty()) return ReadEvent::kNeedMore;
  if (allowance == 0) return ReadEvent::kBlocked;
  size_t size = std::min(input.size(), allowance);
  if (framing_.kind == BodyKind::kLength) {
    size = static_cast<size_t>(std::min<uint64_t>(size, left_));
    left_ -= size;
  }
  data_ = input.first(size);
  input = input.subspan(size);
  return ReadEvent::kData;
}

}  // namespace ingress::http
