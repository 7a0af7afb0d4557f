// Frames out of a stream of bytes in any split. A pull parser: DATA is handed out in pieces as it comes, straight from
// the input; every other frame when it is whole, from the input where it lies there whole, else from a buffer that is
// freed right after. Lengths are held to their type's limit before anything is buffered; skipped frames are not
// buffered.
#pragma once

#include <array>
#include <cstdint>

#include "common/base/byte_buffer.h"
#include "common/tunnel/breach.h"
#include "common/tunnel/frame.h"

namespace ingress::tunnel {

constexpr uint16_t type_bit(FrameType type) { return static_cast<uint16_t>(1U << static_cast<uint8_t>(type)); }

class FrameDecoder {
 public:
  enum class Event : uint8_t {
    kNeedMore,  // the input is used up
    kFrame,     // header(), and payload() whole; valid until the next call of next()
    kData,      // header() of a DATA frame, and the next piece of its payload
    kError,     // breach(); final
  };

  // The known types that may come from now on, by type_bit; another one is kUnexpectedFrame, or skipped where it is one
  // of the types that are sent kFlagIgnorable, and is.
  void allow(uint16_t types) { allowed_ = types; }

  // Consumes from the front of `input`. kHeadroomBytes before a piece of DATA are scratch where they are so for
  // `input`.
  Event next(MutableBytes& input);

  const FrameHeader& header() const { return header_; }
  MutableBytes payload() const { return payload_; }
  bool first_piece() const { return first_piece_; }
  bool last_piece() const { return left_ == 0; }
  Breach breach() const { return breach_; }

 private:
  enum class Mode : uint8_t { kHeader, kGather, kData, kSkip, kBroken };

  bool read_header(MutableBytes& input);
  Event begin_payload(MutableBytes& input);
  Event gather(MutableBytes& input);
  Event data(MutableBytes& input);
  bool begin_skip();
  bool skip(MutableBytes& input);
  Event fail(Breach breach);
  bool is_allowed() const;
  bool check_header();

  ByteBuffer gathered_;
  MutableBytes payload_;
  FrameHeader header_;
  uint32_t left_ = 0;  // payload bytes that are still to come
  uint16_t allowed_ = 0;
  std::array<uint8_t, kFrameHeaderBytes> partial_header_{};
  uint8_t partial_bytes_ = 0;
  Mode mode_ = Mode::kHeader;
  Breach breach_ = Breach::kBadFrame;
  bool first_piece_ = false;
};

}  // namespace ingress::tunnel
