// Payloads of OPEN, HEAD and TRAILERS (docs/protocol.md): length-prefixed fields, no text to be parsed.
//
// Both directions are strict. Decoding refuses lengths that are over-long or point beyond the payload, and bytes that
// could split a message; such a peer is malicious, and its session ends. Encoding refuses the same bytes, so that an
// odd head of an origin breaks its own stream and never the session of the machine.
#pragma once

#include <cstdint>

#include "common/base/byte_buffer.h"
#include "common/base/bytes.h"
#include "common/http/head.h"
#include "common/tunnel/open_head.h"

namespace ingress::tunnel {

enum class EncodeStatus : uint8_t {
  kGood,
  kTooLarge,  // over kMaxHeadBytes
  kInvalid,   // bytes that no head may hold, or a port or status out of range
};

// Append the payload to `out`, or nothing. `with_connect_limit`: the peer knows it (HELLO's feature); else it is left
// out.
EncodeStatus encode_open(const OpenHead& head, uint32_t grant_bytes, bool with_connect_limit, ByteBuffer& out);
EncodeStatus encode_head(const http::ResponseHead& head, uint32_t grant_bytes, ByteBuffer& out);
EncodeStatus encode_trailers(const http::Fields& trailers, ByteBuffer& out);

// False where the payload is malformed. Views point into `payload`. A kind that this version does not know is passed on
// as its number.
bool decode_open(Bytes payload, OpenHead& head, uint32_t& grant_bytes);
bool decode_head(Bytes payload, http::ResponseHead& head, uint32_t& grant_bytes);
bool decode_trailers(Bytes payload, http::Fields& trailers);

}  // namespace ingress::tunnel
