#include "common/http/body_reader.h"

#include <algorithm>

#include "common/http/field_names.h"

namespace ingress::http {
namespace {

constexpr Fault kBadChunk{"a malformed chunk"};
constexpr Fault kBadTrailers{"malformed trailers"};
constexpr Fault kFramingTrailer{"a trailer that frames or routes the message"};

bool frames_or_routes(const Field& trailer) {
  const FieldClass what = classify(trailer.name);
  return what == FieldClass::kContentLength || what == FieldClass::kTransferEncoding || what == FieldClass::kHost;
}

bool may_not_be_trailer(const Field& trailer) { return forbidden_as_trailer(trailer.name); }

}  // namespace

void BodyReader::begin(BodyFraming framing) {
  framing_ = framing;
  data_ = {};
  left_ = framing.kind == BodyKind::kLength ? framing.length : 0;
  section_.reset();
  header_.reset();
  chunk_ = Chunk::kHeader;
}

ReadEvent BodyReader::next(MutableBytes& input, size_t allowance, const ReaderLimits& limits, Sender sender,
                           Fault& fault) {
  switch (framing_.kind) {
    case BodyKind::kNone:
      return ReadEvent::kEnd;
    case BodyKind::kLength:
      return left_ == 0 ? ReadEvent::kEnd : take_data(input, allowance);
    case BodyKind::kChunked:
      return next_chunked(input, allowance, limits, sender, fault);
    case BodyKind::kUntilClose:
    case BodyKind::kUpgraded:
      left_ = UINT64_MAX;
      return take_data(input, allowance);
  }
  return ReadEvent::kError;
}

ReadEvent BodyReader::take_data(MutableBytes& input, size_t allowance) {
  if (input.empty()) return ReadEvent::kNeedMore;
  if (allowance == 0) return ReadEvent::kBlocked;
  const size_t size = static_cast<size_t>(std::min<uint64_t>({input.size(), allowance, left_}));
  data_ = input.first(size);
  input = input.subspan(size);
  left_ -= size;
  return ReadEvent::kData;
}

ReadEvent BodyReader::next_chunked(MutableBytes& input, size_t allowance, const ReaderLimits& limits, Sender sender,
                                   Fault& fault) {
  while (true) {
    ReadEvent event = ReadEvent::kError;
    switch (chunk_) {
      case Chunk::kHeader:
        event = read_chunk_header(input, fault);
        break;
      case Chunk::kData:
        if (left_ > 0) return take_data(input, allowance);
        chunk_ = Chunk::kDataCr;
        continue;
      case Chunk::kDataCr:
      case Chunk::kDataLf:
        event = read_chunk_end(input, fault);
        break;
      case Chunk::kTrailers:
        return read_trailers(input, limits, sender, fault);
    }
    if (event != ReadEvent::kData) return event;
  }
}

ReadEvent BodyReader::read_chunk_header(MutableBytes& input, Fault& fault) {
  for (size_t i = 0; i < input.size(); ++i) {
    switch (header_.step(static_cast<char>(input[i]), left_)) {
      case ChunkHeader::Step::kMore:
        continue;
      case ChunkHeader::Step::kDone:
        input = input.subspan(i + 1);
        chunk_ = left_ == 0 ? Chunk::kTrailers : Chunk::kData;
        return ReadEvent::kData;
      case ChunkHeader::Step::kMalformed:
        fault = kBadChunk;
        return ReadEvent::kError;
    }
  }
  input = input.subspan(input.size());
  return ReadEvent::kNeedMore;
}

ReadEvent BodyReader::read_chunk_end(MutableBytes& input, Fault& fault) {
  if (input.empty()) return ReadEvent::kNeedMore;
  if (as_text(input).front() != (chunk_ == Chunk::kDataCr ? '\r' : '\n')) {
    fault = kBadChunk;
    return ReadEvent::kError;
  }
  chunk_ = chunk_ == Chunk::kDataCr ? Chunk::kDataLf : Chunk::kHeader;
  input = input.subspan(1);
  return ReadEvent::kData;
}

ReadEvent BodyReader::read_trailers(MutableBytes& input, const ReaderLimits& limits, Sender sender, Fault& fault) {
  const std::string_view text = as_text(input);
  switch (section_.fields(text, limits, trailers_, fault)) {
    case FieldSection::Progress::kNeedMore:
      return ReadEvent::kNeedMore;
    case FieldSection::Progress::kFault:
      return ReadEvent::kError;
    case FieldSection::Progress::kWhole:
      break;
  }
  const std::string_view section = text.substr(0, section_.offset());
  input = input.subspan(section.size());
  if (trailers_.empty()) return ReadEvent::kEnd;
  if (!is_confirmed(section, sender, trailers_)) {
    fault = kBadTrailers;
    return ReadEvent::kError;
  }
  if (std::any_of(trailers_.begin(), trailers_.end(), frames_or_routes)) {
    fault = kFramingTrailer;
    return ReadEvent::kError;
  }
  std::erase_if(trailers_, may_not_be_trailer);
  return ReadEvent::kEnd;
}

}  // namespace ingress::http
