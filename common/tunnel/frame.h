// Frames of the tunnel, version 1 (docs/protocol.md): header layout, types, flags, limits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"

namespace ingress::tunnel {

enum class FrameType : uint8_t {
  kData = 0x0,
  kOpen = 0x1,
  kHead = 0x2,
  kTrailers = 0x3,
  kReset = 0x4,
  kWindow = 0x5,
  kPing = 0x6,
  kPong = 0x7,
  kHello = 0x8,
  kWelcome = 0x9,
  kRefused = 0xa,
  kGoaway = 0xb,
  kEvent = 0xc,  // from here on frames are sent with kFlagIgnorable
  kConfig = 0xd,
};

inline constexpr uint8_t kFlagEnd = 0x01;        // DATA, OPEN, HEAD: the sender's side of the stream is done
inline constexpr uint8_t kFlagIgnorable = 0x80;  // a receiver that does not expect the type skips it

inline constexpr size_t kFrameHeaderBytes = 9;
inline constexpr size_t kMaxDataBytes = size_t{64} * 1024;
inline constexpr size_t kMaxHeadBytes = size_t{128} * 1024;  // OPEN, HEAD, TRAILERS, and every Protobuf payload
// A DATA payload that, with its header, fills whole TLS records.
inline constexpr size_t kFullDataBytes = size_t{4} * 16384 - kFrameHeaderBytes;

struct FrameHeader {
  uint32_t length = 0;  // of the payload
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream_id = 0;
};

inline void write_frame_header(uint8_t* to, const FrameHeader& header) {
  put_u24(to, header.length);
  to[3] = header.type;
  to[4] = header.flags;
  put_u32(to + 5, header.stream_id);
}

inline FrameHeader read_frame_header(const uint8_t* from) {
  return {get_u24(from), from[3], from[4], get_u32(from + 5)};
}

}  // namespace ingress::tunnel
