#include <algorithm>

#include "common/http/head_parser.h"
#include "common/http/http1_reader.h"

namespace ingress::http {
namespace {

constexpr uint8_t kMostEmptyLines = 8;
constexpr size_t kFirstBytes = 64;

// A Host that can name something (RFC 9110, 7.2): no space, no delimiter of other parts of a URI. What it means is
// decided later.
bool is_host_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return static_cast<uint8_t>(c) > 0x20 && c != 0x7f &&
           std::string_view("/?#@\\,\"<>^`{|}").find(c) == std::string_view::npos;
  });
}

bool is_target(std::string_view method, std::string_view target) {
  if (target.front() == '/') return true;
  if (target == "*") return method == "OPTIONS";
  const size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view name = target.substr(0, scheme);
  return iequals(name, "http") || iequals(name, "https");
}

}  // namespace

RequestReader::RequestReader(const ReaderLimits& limits) : MessageReader(limits, Side::kClient) {}

ReadEvent RequestReader::next(MutableBytes& input, size_t allowance) {
  give_spare_fields(head_.fields);
  give_spare_fields(trailers_);
  switch (state_) {
    case State::kHead:
      return read_head(input);
    case State::kBody:
      return next_body(input, allowance);
    case State::kOpaque:
      if (input.empty()) return ReadEvent::kNeedMore;
      if (allowance == 0) return ReadEvent::kBlocked;
      data_ = input.first(std::min(input.size(), allowance));
      input = input.subspan(data_.size());
      return ReadEvent::kData;
    case State::kFailed:
      break;
  }
  return ReadEvent::kError;
}

// RFC 9112, 2.2: empty lines before a request line are skipped, a few. False where nothing else is there yet.
bool RequestReader::skip_empty_lines(MutableBytes& input) {
  while (input.size() >= 2 && input[0] == '\r' && input[1] == '\n' && empty_lines_ < kMostEmptyLines) {
    input = input.subspan(2);
    ++empty_lines_;
  }
  return !input.empty();
}

ReadEvent RequestReader::read_head(MutableBytes& input) {
  if (scanner_.head_bytes() < 2 && !skip_empty_lines(input)) return ReadEvent::kNeedMore;
  if (scanner_.head_bytes() < kFirstBytes && !may_begin_request(as_text(input).substr(0, kFirstBytes))) {
    return malformed("not an HTTP request");
  }
  std::string_view text;
  if (const ReadEvent found = find_head(input, text); found != ReadEvent::kHead) return found;
  RequestLine line;
  const size_t line_end = text.find("\r\n");
  if (!parse_request_line(text.substr(0, line_end), line)) return malformed("the request line is malformed");
  head_.method = line.method;
  head_.target = line.target;
  head_.minor_version = line.minor_version;
  head_.fields = take_spare_fields();
  if (!read_fields(text.substr(line_end + 2), line.minor_version, head_.fields)) return ReadEvent::kError;
  empty_lines_ = 0;
  if (line.method == "CONNECT") return fail(ErrorCode::kMethodNotAllowed, "CONNECT is not served");
  if (!is_target(line.method, line.target)) return malformed("the request target is malformed");
  if (!frame()) return ReadEvent::kError;
  read_connection_options();
  state_ = State::kBody;
  return ReadEvent::kHead;
}

bool RequestReader::frame() {
  bool chunked = false;
  bool has_length = false;
  int hosts = 0;
  left_ = 0;
  for (const Field& field : head_.fields) {
    if (field.name.size() != 4 || !iequals(field.name, "Host")) continue;
    if (++hosts > 1 || !is_host_value(field.value)) {
      malformed("the Host is malformed or not the only one");
      return false;
    }
  }
  if (hosts == 0 && head_.minor_version == 1) {
    malformed("the Host is missing");
    return false;
  }
  if (!read_framing(head_.fields, head_.minor_version, chunked, has_length, left_)) {
    malformed("the body's length is malformed or ambiguous");
    return false;
  }
  framing_ = {};
  if (chunked) {
    framing_.kind = BodyKind::kChunked;
    chunks_.reset();
  } else if (has_length) {
    framing_ = {BodyKind::kLength, left_};
  }
  return true;
}

void RequestReader::read_connection_options() {
  bool close = false;
  bool keep = false;
  bool upgrade = false;
  bool offered = false;
  for (const Field& field : head_.fields) {
    if (field.name.size() == 10 && iequals(field.name, "Connection")) {
      const Fields one = {field};
      close = close || has_token(one, "Connection", "close");
      keep = keep || has_token(one, "Connection", "keep-alive");
      upgrade = upgrade || has_token(one, "Connection", "upgrade");
    } else if (field.name.size() == 7 && iequals(field.name, "Upgrade")) {
      offered = !field.value.empty() && !has_token({field}, "Upgrade", "h2c");
    }
  }
  keep_alive_ = !close && (head_.minor_version == 1 || keep);
  wants_upgrade_ = head_.minor_version == 1 && upgrade && offered;
}

void RequestReader::upgrade() {
  state_ = State::kOpaque;
  framing_ = {BodyKind::kUpgraded, 0};
}

}  // namespace ingress::http
