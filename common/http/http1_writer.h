// Writing HTTP/1.1 messages: heads and chunk framing as bytes. No I/O.
#pragma once

#include <string_view>

#include "common/base/byte_buffer.h"
#include "common/http/head.h"

namespace ingress::http {

// What the head must say about the message itself, beside the end-to-end fields (which hold no hop-by-hop field).
struct HeadOptions {
  bool chunked = false;      // adds Transfer-Encoding: chunked
  bool close = false;        // adds Connection: close
  bool keep_alive = false;   // adds Connection: keep-alive (for an HTTP/1.0 client that asked for it)
  bool upgrade = false;      // adds Connection: Upgrade (the Upgrade field itself is among the fields)
  bool te_trailers = false;  // adds "TE" to Connection where the fields hold TE
};

void write_request_head(ByteBuffer& out, std::string_view method, std::string_view target, const Fields& fields,
                        const HeadOptions& options);
// The status line is always HTTP/1.1. An empty reason is written as such.
void write_response_head(ByteBuffer& out, int status, std::string_view reason, const Fields& fields,
                         const HeadOptions& options);

// Longest result of write_chunk_header.
inline constexpr size_t kChunkHeaderBytes = 18;
// "1a2b\r\n" written so that it ends at `end` (in a payload's headroom); returns its length.
size_t write_chunk_header_before(uint8_t* end, size_t chunk_bytes);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
// The last chunk and the trailer section.
void write_last_chunk(ByteBuffer& out, const Fields& trailers);

// The standard reason phrase, "" for an unknown status.
std::string_view reason_of(int status);

}  // namespace ingress::http
