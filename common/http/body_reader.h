// The body of a message, whatever frames it, and the trailers behind it. Private to common/http.
//
// Trailers are read as strictly as heads. One that frames or routes (Content-Length, Transfer-Encoding, Host) is a
// fault; one that is hop-by-hop, that authenticates, that describes the content, or that no client may send is dropped
// (RFC 9110, 6.5.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"
#include "common/http/chunk_header.h"
#include "common/http/fault.h"
#include "common/http/field_section.h"
#include "common/http/head.h"
#include "common/http/http1_limits.h"
#include "common/http/read_event.h"

namespace ingress::http {

class BodyReader {
 public:
  void begin(BodyFraming framing);
  // kNeedMore, kData, kEnd, kBlocked or kError (`fault` says why).
  ReadEvent next(MutableBytes& input, size_t allowance, const ReaderLimits& limits, Sender sender, Fault& fault);

  // Of the head before the body and of the trailers behind it.
  FieldSection& section() { return section_; }
  BodyFraming framing() const { return framing_; }
  MutableBytes data() const { return data_; }
  const Fields& trailers() const { return trailers_; }
  // They are no longer shown.
  void forget_trailers() { give_back_fields(trailers_); }

 private:
  enum class Chunk : uint8_t { kHeader, kData, kDataCr, kDataLf, kTrailers };

  ReadEvent take_data(MutableBytes& input, size_t allowance);
  ReadEvent next_chunked(MutableBytes& input, size_t allowance, const ReaderLimits& limits, Sender sender,
                         Fault& fault);
  // These move `chunk_` on (kData), wait (kNeedMore) or fail (kError).
  ReadEvent read_chunk_header(MutableBytes& input, Fault& fault);
  ReadEvent read_chunk_end(MutableBytes& input, Fault& fault);
  ReadEvent read_trailers(MutableBytes& input, const ReaderLimits& limits, Sender sender, Fault& fault);

  BodyFraming framing_;
  MutableBytes data_;
  Fields trailers_;
  uint64_t left_ = 0;  // of the body or of the chunk
  FieldSection section_;
  ChunkHeader header_;
  Chunk chunk_ = Chunk::kHeader;
};

}  // namespace ingress::http
