#include <algorithm>

#include "common/http/head_parser.h"
#include "common/http/http1_reader.h"

namespace ingress::http {
namespace {

constexpr size_t kFirstBytes = 64;

}  // namespace

ResponseReader::ResponseReader(const ReaderLimits& limits) : MessageReader(limits, Side::kOrigin) {}

void ResponseReader::expect(bool head_request, bool wants_upgrade) {
  head_request_ = head_request;
  wants_upgrade_ = wants_upgrade;
  untouched_ = true;
  keep_alive_ = false;
}

ReadEvent ResponseReader::next(MutableBytes& input, size_t allowance) {
  give_spare_fields(head_.fields);
  give_spare_fields(trailers_);
  if (!input.empty()) untouched_ = false;
  switch (state_) {
    case State::kHead:
      return read_head(input);
    case State::kBody:
    case State::kOpaque:
      return next_body(input, allowance);
    case State::kFailed:
      break;
  }
  return ReadEvent::kError;
}

ReadEvent ResponseReader::read_head(MutableBytes& input) {
  if (input.empty()) return ReadEvent::kNeedMore;
  if (!may_begin_response(as_text(input).substr(0, kFirstBytes))) return malformed("not an HTTP/1 response");
  std::string_view text;
  if (const ReadEvent found = find_head(input, text); found != ReadEvent::kHead) return found;
  StatusLine line;
  const size_t line_end = text.find("\r\n");
  if (!parse_status_line(text.substr(0, line_end), line)) return malformed("the status line is malformed");
  head_.status = line.status;
  head_.reason = line.reason;
  head_.minor_version = line.minor_version;
  head_.fields = take_spare_fields();
  if (!read_fields(text.substr(line_end + 2), line.minor_version, head_.fields)) return ReadEvent::kError;
  if (!frame()) return ReadEvent::kError;
  return ReadEvent::kHead;
}

// RFC 9112, 6.3.
bool ResponseReader::frame() {
  bool chunked = false;
  bool has_length = false;
  left_ = 0;
  if (!read_framing(head_.fields, head_.minor_version, chunked, has_length, left_)) {
    malformed("the body's length is malformed or ambiguous");
    return false;
  }
  if (head_.status == 101) {
    if (!wants_upgrade_) {
      malformed("a 101 that was not asked for");
      return false;
    }
    state_ = State::kOpaque;
    framing_ = {BodyKind::kUpgraded, 0};
    keep_alive_ = false;
    return true;
  }
  if (head_.status < 200) {
    framing_ = {};
    return true;
  }
  keep_alive_ = head_.minor_version == 1 ? !has_token(head_.fields, "Connection", "close")
                                         : has_token(head_.fields, "Connection", "keep-alive");
  state_ = State::kBody;
  if (head_request_ || head_.status == 204 || head_.status == 304) {
    framing_ = {};
    left_ = 0;
  } else if (chunked) {
    framing_ = {BodyKind::kChunked, 0};
    chunks_.reset();
  } else if (has_length) {
    framing_ = {BodyKind::kLength, left_};
  } else {
    framing_ = {BodyKind::kUntilClose, 0};
    keep_alive_ = false;
  }
  return true;
}

ReadEvent ResponseReader::end_of_input() {
  const bool ends_here = framing_.kind == BodyKind::kUntilClose || framing_.kind == BodyKind::kUpgraded;
  if ((state_ == State::kBody || state_ == State::kOpaque) && ends_here) {
    state_ = State::kHead;
    return ReadEvent::kEnd;
  }
  if (state_ == State::kFailed) return ReadEvent::kError;
  fail(ErrorCode::kClosed, "the origin closed the connection before its answer was complete");
  error_.retryable = untouched_;
  return ReadEvent::kError;
}

}  // namespace ingress::http
