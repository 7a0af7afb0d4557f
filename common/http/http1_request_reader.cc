#include <cassert>
#include <cstring>
#include <optional>

#include "common/http/authority.h"
#include "common/http/http1_reader.h"
#include "common/http/message_facts.h"
#include "common/http/request_target.h"
#include "common/http/start_line.h"

namespace ingress::http {
namespace {

// Empty lines that some clients send behind a body are passed over (RFC 9112, 2.2); not for ever.
constexpr uint8_t kMostEmptyLines = 4;
constexpr std::string_view kLineEnd = "\r\n";

constexpr Fault kBadFields{"malformed fields"};
constexpr Fault kNoRequestLine{"not an HTTP request"};

ErrorCode code_of(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::kMalformed:
      break;
    case Fault::Kind::kBadHost:
      return ErrorCode::kInvalidHost;
    case Fault::Kind::kTooLarge:
      return ErrorCode::kHeaderTooLarge;
    case Fault::Kind::kMethodNotAllowed:
      return ErrorCode::kMethodNotAllowed;
  }
  return ErrorCode::kBadRequest;
}

}  // namespace

RequestReader::RequestReader(const ReaderLimits& limits) : limits_(limits) {}

ReadEvent RequestReader::next(MutableBytes& input, size_t allowance) {
  give_back_fields(head_.fields);
  body_.forget_trailers();
  switch (phase_) {
    case Phase::kRequestLine:
    case Phase::kFields:
      return read_head(input);
    case Phase::kBody:
      return read_body(input, allowance);
    case Phase::kFailed:
      break;
  }
  return ReadEvent::kError;
}

void RequestReader::upgrade() {
  assert(phase_ != Phase::kFailed);
  body_.begin({BodyKind::kUpgraded, 0});
  phase_ = Phase::kBody;
}

ReadEvent RequestReader::read_head(MutableBytes& input) {
  ReadEvent event = ReadEvent::kError;
  if (phase_ == Phase::kRequestLine && !read_request_line(input, event)) return event;
  Fault fault;
  switch (body_.section().fields(as_text(input), limits_, head_.fields, fault)) {
    case FieldSection::Progress::kNeedMore:
      return ReadEvent::kNeedMore;
    case FieldSection::Progress::kFault:
      return fail(fault);
    case FieldSection::Progress::kWhole:
      break;
  }
  return take_head(input);
}

bool RequestReader::read_request_line(MutableBytes& input, ReadEvent& event) {
  while (as_text(input).starts_with(kLineEnd) && empty_lines_ < kMostEmptyLines) {
    input = input.subspan(kLineEnd.size());
    ++empty_lines_;
    body_.section().reset();
  }
  const std::string_view text = as_text(input);
  seen_ = !text.empty();
  event = ReadEvent::kNeedMore;
  if (text.empty()) return false;
  std::string_view line;
  Fault fault;
  if (body_.section().first_line(text, limits_, line, fault) == FieldSection::Progress::kWhole) {
    fault = check_request_line(line, limits_.connect);
    phase_ = Phase::kFields;
    if (!fault) return true;
  } else if (text != kLineEnd.substr(0, 1) && !may_begin_request_line(text.substr(0, limits_.head_bytes))) {
    fault = kNoRequestLine;
  }
  if (fault) event = fail(fault);
  return false;
}

ReadEvent RequestReader::take_head(MutableBytes& input) {
  const MutableBytes head = input.first(body_.section().offset());
  const std::string_view text = as_text(head);
  const size_t line_bytes = body_.section().fields_offset();
  input = input.subspan(text.size());
  split_request_line(text.substr(0, line_bytes - kLineEnd.size()), head_);
  give_path(head.first(line_bytes));
  if (const Fault fault = judge_head(text.substr(line_bytes))) return refuse_head(fault);
  empty_lines_ = 0;
  seen_ = false;
  phase_ = Phase::kBody;
  return ReadEvent::kHead;
}

void RequestReader::give_path(MutableBytes line) {
  if (head_.target.front() == '/') return;
  const std::optional<HttpUrl> url = parse_http_url(head_.target);
  if (!url || !url->rest.starts_with('?')) return;
  const size_t path_at = head_.target.size() - url->rest.size();
  const MutableBytes from_space = line.subspan(head_.method.size());
  std::memmove(from_space.data(), from_space.data() + 1, path_at);
  from_space[path_at] = '/';
  head_.target = as_text(from_space.first(head_.target.size() + 1));
}

Fault RequestReader::judge_head(std::string_view section) {
  MessageFacts facts;
  if (const Fault fault = read_facts(head_.fields, head_.minor_version, facts)) return fault;
  if (!is_plain(facts) && !is_confirmed(section, Sender::kClient, head_.fields)) return kBadFields;
  if (facts.host_count > 1) return {"more than one Host"};
  if (facts.host_count == 0 && head_.minor_version == 1) return {"no Host"};
  if (!parse_authority(facts.host)) return {"a malformed Host", Fault::Kind::kBadHost};
  if (head_.method == "CONNECT") return judge_connect(facts);
  RequestTarget target;
  if (!split_target(head_.method, head_.target, target)) return {"a malformed request target"};
  BodyFraming framing;
  if (facts.chunked) framing.kind = BodyKind::kChunked;
  if (facts.has_content_length) framing = {BodyKind::kLength, facts.content_length};
  body_.begin(framing);
  keep_alive_ = stays_open(facts, head_.minor_version);
  wants_upgrade_ = head_.minor_version == 1 && facts.names_upgrade && facts.offers_upgrade;
  return {};
}

// RFC 9110, 9.3.6: it names a host and a port, and has no content.
Fault RequestReader::judge_connect(const MessageFacts& facts) {
  const std::optional<Authority> target = parse_authority(head_.target);
  if (!target || target->host.empty() || target->port == 0) return {"CONNECT without HOST:PORT"};
  if (facts.chunked || facts.has_content_length) return {"CONNECT with a body"};
  body_.begin({});
  keep_alive_ = stays_open(facts, head_.minor_version);
  wants_upgrade_ = false;
  return {};
}

ReadEvent RequestReader::read_body(MutableBytes& input, size_t allowance) {
  Fault fault;
  const ReadEvent event = body_.next(input, allowance, limits_, Sender::kClient, fault);
  if (event == ReadEvent::kError) return fail(fault);
  if (event == ReadEvent::kEnd) {
    phase_ = Phase::kRequestLine;
    body_.section().reset();
  }
  return event;
}

// Who refuses it tells what it was.
ReadEvent RequestReader::refuse_head(const Fault& fault) {
  const std::string_view method = head_.method;
  const std::string_view target = head_.target;
  const Field* const found = find_field(head_.fields, "Host");
  const Field host = found == nullptr ? Field{} : *found;
  const ReadEvent event = fail(fault);
  head_.method = method;
  head_.target = target;
  if (found != nullptr) head_.fields.push_back(host);
  return event;
}

ReadEvent RequestReader::fail(const Fault& fault) {
  give_back_fields(head_.fields);
  body_.forget_trailers();
  head_.clear();
  error_ = Error{code_of(fault.kind), Side::kClient, false, 0, fault.text};
  phase_ = Phase::kFailed;
  keep_alive_ = wants_upgrade_ = false;
  return ReadEvent::kError;
}

}  // namespace ingress::http
