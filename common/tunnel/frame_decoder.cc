#include "common/tunnel/frame_decoder.h"

#include <algorithm>

namespace ingress::tunnel {
namespace {

constexpr uint8_t kFirstIgnorableType = static_cast<uint8_t>(FrameType::kEvent);
constexpr size_t kTypes = 14;

struct TypeRule {
  uint32_t least_bytes;
  uint32_t most_bytes;
  bool on_stream;  // the stream id is that of a stream, else 0
};

constexpr std::array<TypeRule, kTypes> kRules = {{
    {0, kMaxDataBytes, true},   // DATA
    {0, kMaxHeadBytes, true},   // OPEN
    {0, kMaxHeadBytes, true},   // HEAD
    {0, kMaxHeadBytes, true},   // TRAILERS
    {4, 4, true},               // RESET
    {4, 4, true},               // WINDOW
    {8, 8, false},              // PING
    {8, 8, false},              // PONG
    {0, kMaxHeadBytes, false},  // HELLO
    {0, kMaxHeadBytes, false},  // WELCOME
    {0, kMaxHeadBytes, false},  // REFUSED
    {0, kMaxHeadBytes, false},  // GOAWAY
    {0, kMaxHeadBytes, false},  // EVENT
    {0, kMaxHeadBytes, false},  // CONFIG
}};

}  // namespace

FrameDecoder::Event FrameDecoder::next(MutableBytes& input) {
  for (;;) {
    switch (mode_) {
      case Mode::kHeader:
        if (!gathered_.empty()) gathered_.release();  // the frame that was handed out last
        if (!read_header(input)) return Event::kNeedMore;
        if (!begin_skip()) return begin_payload(input);
        break;
      case Mode::kGather:
        return gather(input);
      case Mode::kData:
        first_piece_ = false;
        return data(input);
      case Mode::kSkip:
        if (!skip(input)) return Event::kNeedMore;
        break;
      case Mode::kBroken:
        return Event::kError;
    }
  }
}

bool FrameDecoder::read_header(MutableBytes& input) {
  if (partial_bytes_ == 0 && input.size() >= kFrameHeaderBytes) {
    header_ = read_frame_header(input.data());
    input = input.subspan(kFrameHeaderBytes);
    return true;
  }
  const size_t taken = std::min(input.size(), kFrameHeaderBytes - partial_bytes_);
  std::copy_n(input.begin(), taken, partial_header_.begin() + partial_bytes_);
  input = input.subspan(taken);
  partial_bytes_ = static_cast<uint8_t>(partial_bytes_ + taken);
  if (partial_bytes_ < kFrameHeaderBytes) return false;
  partial_bytes_ = 0;
  header_ = read_frame_header(partial_header_.data());
  return true;
}

bool FrameDecoder::is_allowed() const { return header_.type < kTypes && (allowed_ >> header_.type & 1) != 0; }

bool FrameDecoder::check_header() {
  const TypeRule& rule = kRules[header_.type];
  if (!is_allowed()) {
    breach_ = Breach::kUnexpectedFrame;
  } else if (header_.length > rule.most_bytes) {
    breach_ = rule.least_bytes == rule.most_bytes ? Breach::kBadFrame : Breach::kFrameTooLarge;
  } else if (header_.length < rule.least_bytes || rule.on_stream != (header_.stream_id != 0)) {
    breach_ = Breach::kBadFrame;
  } else {
    return true;
  }
  return false;
}

bool FrameDecoder::begin_skip() {
  if (header_.type < kFirstIgnorableType || (header_.flags & kFlagIgnorable) == 0 || is_allowed()) return false;
  left_ = header_.length;
  mode_ = Mode::kSkip;
  return true;
}

FrameDecoder::Event FrameDecoder::begin_payload(MutableBytes& input) {
  left_ = header_.length;
  if (header_.type >= kTypes) return fail(Breach::kUnknownType);
  if (!check_header()) return fail(breach_);
  if (header_.type == static_cast<uint8_t>(FrameType::kData)) {
    first_piece_ = true;
    if (left_ > 0 && input.empty()) {
      // An empty first piece: the frame is judged as soon as its header is known.
      mode_ = Mode::kData;
      payload_ = {};
      return Event::kData;
    }
    return data(input);
  }
  if (input.size() >= left_) {
    payload_ = input.first(left_);
    input = input.subspan(left_);
    return Event::kFrame;
  }
  mode_ = Mode::kGather;
  return gather(input);
}

FrameDecoder::Event FrameDecoder::gather(MutableBytes& input) {
  const size_t taken = std::min<size_t>(input.size(), left_);
  gathered_.append(input.first(taken));
  input = input.subspan(taken);
  left_ -= static_cast<uint32_t>(taken);
  if (left_ > 0) return Event::kNeedMore;
  mode_ = Mode::kHeader;
  payload_ = gathered_.mutable_view();
  return Event::kFrame;
}

FrameDecoder::Event FrameDecoder::data(MutableBytes& input) {
  if (input.empty() && left_ > 0) return Event::kNeedMore;
  const size_t taken = std::min<size_t>(input.size(), left_);
  payload_ = input.first(taken);
  input = input.subspan(taken);
  left_ -= static_cast<uint32_t>(taken);
  mode_ = left_ > 0 ? Mode::kData : Mode::kHeader;
  return Event::kData;
}

bool FrameDecoder::skip(MutableBytes& input) {
  const size_t taken = std::min<size_t>(input.size(), left_);
  input = input.subspan(taken);
  left_ -= static_cast<uint32_t>(taken);
  if (left_ > 0) return false;
  mode_ = Mode::kHeader;
  return true;
}

FrameDecoder::Event FrameDecoder::fail(Breach breach) {
  breach_ = breach;
  mode_ = Mode::kBroken;
  return Event::kError;
}

}  // namespace ingress::tunnel
