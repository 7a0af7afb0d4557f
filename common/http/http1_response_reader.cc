#include "common/http/http1_reader.h"
#include "common/http/message_facts.h"
#include "common/http/start_line.h"

namespace ingress::http {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr int kFirstFinal = 200;
constexpr int kNoContent = 204;
constexpr int kNotModified = 304;
constexpr size_t kLineEndBytes = 2;

constexpr Fault kBadFields{"malformed fields"};
constexpr Fault kBadStatusLine{"a malformed status line"};
constexpr Fault kTooManyInterim{"too many interim heads"};
constexpr Fault kUnasked{"bytes that answer no request"};

}  // namespace

ResponseReader::ResponseReader(const ReaderLimits& limits) : limits_(limits) {}

void ResponseReader::expect(bool head_request, bool wants_upgrade) {
  give_back_fields(head_.fields);
  body_.forget_trailers();
  body_.section().reset();
  head_request_ = head_request;
  wants_upgrade_ = wants_upgrade;
  untouched_ = true;
  keep_alive_ = false;
  interim_heads_ = 0;
  phase_ = Phase::kStatusLine;
}

ReadEvent ResponseReader::next(MutableBytes& input, size_t allowance) {
  give_back_fields(head_.fields);
  body_.forget_trailers();
  if (phase_ == Phase::kFailed) return ReadEvent::kError;
  if (phase_ == Phase::kIdle) return input.empty() ? ReadEvent::kNeedMore : fail(kUnasked);
  if (phase_ != Phase::kBody) return read_head(input);
  Fault fault;
  const ReadEvent event = body_.next(input, allowance, limits_, Sender::kOrigin, fault);
  if (event == ReadEvent::kError) return fail(fault);
  if (event == ReadEvent::kEnd) phase_ = Phase::kIdle;
  return event;
}

ReadEvent ResponseReader::end_of_input() {
  give_back_fields(head_.fields);
  body_.forget_trailers();
  if (phase_ == Phase::kFailed) return ReadEvent::kError;
  const BodyKind kind = body_.framing().kind;
  if (phase_ != Phase::kBody || (kind != BodyKind::kUntilClose && kind != BodyKind::kUpgraded)) return fail_closed();
  phase_ = Phase::kIdle;
  return ReadEvent::kEnd;
}

ReadEvent ResponseReader::read_head(MutableBytes& input) {
  const std::string_view text = as_text(input);
  if (text.empty()) return ReadEvent::kNeedMore;
  untouched_ = false;
  ReadEvent event = ReadEvent::kError;
  if (phase_ == Phase::kStatusLine && !read_status_line(text, event)) return event;
  Fault fault;
  switch (body_.section().fields(text, limits_, head_.fields, fault)) {
    case FieldSection::Progress::kNeedMore:
      return ReadEvent::kNeedMore;
    case FieldSection::Progress::kFault:
      return fail(fault);
    case FieldSection::Progress::kWhole:
      break;
  }
  return take_head(input);
}

bool ResponseReader::read_status_line(std::string_view text, ReadEvent& event) {
  std::string_view line;
  Fault fault;
  event = ReadEvent::kNeedMore;
  if (body_.section().first_line(text, limits_, line, fault) == FieldSection::Progress::kWhole) {
    phase_ = Phase::kFields;
    if (split_status_line(line, head_)) return true;
    fault = kBadStatusLine;
  } else if (!may_begin_status_line(text.substr(0, limits_.head_bytes))) {
    fault = kBadStatusLine;
  }
  if (fault) event = fail(fault);
  return false;
}

ReadEvent ResponseReader::take_head(MutableBytes& input) {
  const std::string_view text = as_text(input.first(body_.section().offset()));
  const size_t line_bytes = body_.section().fields_offset();
  input = input.subspan(text.size());
  // Again: the input may lie elsewhere than when the line was checked.
  split_status_line(text.substr(0, line_bytes - kLineEndBytes), head_);
  BodyFraming framing;
  if (const Fault fault = judge_head(text.substr(line_bytes), framing)) return fail(fault);
  body_.begin(framing);
  const bool interim = head_.status < kFirstFinal && head_.status != kSwitchingProtocols;
  if (interim && ++interim_heads_ > kMostInterimHeads) return fail(kTooManyInterim);
  phase_ = interim ? Phase::kStatusLine : Phase::kBody;
  return ReadEvent::kHead;
}

// RFC 9112, 6.3.
Fault ResponseReader::judge_head(std::string_view section, BodyFraming& framing) {
  MessageFacts facts;
  if (const Fault fault = read_facts(head_.fields, head_.minor_version, facts)) return fault;
  if (!is_plain(facts) && !is_confirmed(section, Sender::kOrigin, head_.fields)) return kBadFields;
  const bool bodiless = head_.status < kFirstFinal || head_.status == kNoContent;
  if (bodiless && (facts.chunked || facts.content_length != 0)) return {"a body where the status allows none"};
  keep_alive_ = stays_open(facts, head_.minor_version);
  if (head_.status == kSwitchingProtocols) {
    if (!wants_upgrade_ || !facts.has_upgrade) return {"an Upgrade that was not asked for"};
    framing.kind = BodyKind::kUpgraded;
  } else if (bodiless || head_request_ || head_.status == kNotModified) {
    framing.kind = BodyKind::kNone;
  } else if (facts.chunked) {
    framing.kind = BodyKind::kChunked;
  } else if (facts.has_content_length) {
    framing = {BodyKind::kLength, facts.content_length};
  } else {
    framing.kind = BodyKind::kUntilClose;
  }
  if (framing.kind == BodyKind::kUntilClose || framing.kind == BodyKind::kUpgraded) keep_alive_ = false;
  return {};
}

ReadEvent ResponseReader::fail(const Fault& fault) {
  give_back_fields(head_.fields);
  body_.forget_trailers();
  head_.clear();
  const ErrorCode code = fault.kind == Fault::Kind::kTooLarge ? ErrorCode::kTooLarge : ErrorCode::kProtocol;
  error_ = Error{code, Side::kOrigin, false, 0, fault.text};
  phase_ = Phase::kFailed;
  keep_alive_ = false;
  return ReadEvent::kError;
}

ReadEvent ResponseReader::fail_closed() {
  fail({"the origin closed before its answer was complete"});
  error_.code = ErrorCode::kClosed;
  error_.retryable = untouched_;
  return ReadEvent::kError;
}

}  // namespace ingress::http
