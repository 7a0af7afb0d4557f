// Everything that a reader says about a connection's bytes, however they are cut, in a form that can be compared.
// For the unit tests, the fuzz targets and the differential test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/http/http1_reader.h"

namespace ingress::http::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline Pairs to_pairs(const Fields& fields) {
  Pairs pairs;
  for (const Field& field : fields) pairs.emplace_back(field.name, field.value);
  return pairs;
}

inline Fields to_fields(const Pairs& pairs) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.push_back({name, value});
  return fields;
}

struct Message {
  std::string method, target;  // of a request
  int status = 0;              // of a response
  std::string reason;
  int minor_version = 1;
  Pairs fields;
  BodyKind kind = BodyKind::kNone;
  uint64_t length = 0;
  std::string body;
  Pairs trailers;
  bool keep_alive = false;
  bool wants_upgrade = false;
  bool complete = false;

  bool operator==(const Message&) const = default;
};

struct Transcript {
  std::vector<Message> messages;
  std::string error;      // the name of its code; empty: none
  size_t left = 0;        // bytes that the reader wants to see again
  bool upgrades = false;  // of requests: each that asks for an upgrade gets it

  bool operator==(const Transcript&) const = default;

  std::string text() const {
    std::ostringstream out;
    for (const Message& message : messages) {
      out << message.method << message.status << ' ' << message.target << message.reason << " 1."
          << message.minor_version << " kind " << static_cast<int>(message.kind) << " length " << message.length
          << " keep " << message.keep_alive << " upgrade " << message.wants_upgrade << '\n';
      for (const auto& [name, value] : message.fields) out << "  " << name << '|' << value << '\n';
      out << "  body " << message.body << (message.complete ? " end\n" : " ...\n");
      for (const auto& [name, value] : message.trailers) out << "  trailer " << name << '|' << value << '\n';
    }
    out << "error " << error << " left " << left << '\n';
    return out.str();
  }
};

// How many of the `left` bytes come next.
using Sizer = std::function<size_t(size_t left)>;

inline size_t whole(size_t left) { return left; }
inline size_t bytewise(size_t) { return 1; }
inline Sizer cut_at(size_t position) {
  return [cut = position, first = true](size_t left) mutable {
    return std::exchange(first, false) && cut > 0 ? std::min(cut, left) : left;
  };
}
inline Sizer seeded(uint64_t seed) {
  return [state = seed | 1](size_t left) mutable {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const size_t size = 1 + (state >> 33) % ((state >> 60) < 4 ? 3 : 40);
    return std::min(size, left);
  };
}

// What a caller keeps: each delivery lies in memory of its own and of its exact size, so that a stale view or a read
// beyond the end is a finding of the sanitizers. The headroom before the bytes is writable, as promised.
class Input {
 public:
  void deliver(std::string_view piece) {
    std::vector<uint8_t> next(kHeadroomBytes);
    next.reserve(kHeadroomBytes + rest_.size() + piece.size());
    next.insert(next.end(), rest_.begin(), rest_.end());
    for (const char c : piece) next.push_back(static_cast<uint8_t>(c));
    memory_ = std::move(next);
    rest_ = MutableBytes(memory_).subspan(kHeadroomBytes);
  }
  MutableBytes& rest() { return rest_; }

 private:
  std::vector<uint8_t> memory_;
  MutableBytes rest_;
};

// Takes the piece as a sender of frames does: its headroom is overwritten.
inline void take_data(MutableBytes data, std::string& to) {
  to.append(as_text(data));
  std::fill(data.data() - kHeadroomBytes, data.data(), uint8_t{0xee});
}

template <class Reader>
void note_head(const Reader& reader, Message& message) {
  message.minor_version = reader.head().minor_version;
  message.fields = to_pairs(reader.head().fields);
  message.kind = reader.framing().kind;
  message.length = reader.framing().length;
  message.keep_alive = reader.keep_alive();
}
inline void note(const RequestReader& reader, Message& message) {
  note_head(reader, message);
  message.method = reader.head().method;
  message.target = reader.head().target;
  message.wants_upgrade = reader.wants_upgrade();
}
inline void note(const ResponseReader& reader, Message& message) {
  note_head(reader, message);
  message.status = reader.head().status;
  message.reason = reader.head().reason;
}

// As after a 101: what follows is a message of opaque bytes, which has no end.
inline void begin_opaque(RequestReader& reader, Transcript& out) {
  reader.upgrade();
  out.messages.emplace_back().kind = reader.framing().kind;
}

// Reads what is there; false once the reader failed, or has nothing to read any more (a response is complete).
template <class Reader>
bool read_all(Reader& reader, Input& input, const Sizer& allowance, Transcript& out) {
  while (true) {
    switch (reader.next(input.rest(), allowance(64))) {
      case ReadEvent::kNeedMore:
        return true;
      case ReadEvent::kHead:
        out.messages.emplace_back();
        note(reader, out.messages.back());
        break;
      case ReadEvent::kData:
        take_data(reader.data(), out.messages.back().body);
        break;
      case ReadEvent::kEnd:
        out.messages.back().complete = true;
        out.messages.back().trailers = to_pairs(reader.trailers());
        if constexpr (std::is_same_v<Reader, ResponseReader>) return false;
        if constexpr (std::is_same_v<Reader, RequestReader>) {
          if (out.upgrades && reader.wants_upgrade()) begin_opaque(reader, out);
        }
        break;
      case ReadEvent::kBlocked:
        out.error = "blocked without reason";
        return false;
      case ReadEvent::kError:
        out.error = name_of(reader.error().code);
        if (reader.next(input.rest(), allowance(64)) != ReadEvent::kError) out.error = "an error that was not final";
        return false;
    }
  }
}

inline Transcript read_requests(std::string_view raw, const Sizer& sizer, const ReaderLimits& limits = {},
                                const Sizer& allowance = whole, bool upgrades = false) {
  Transcript out;
  out.upgrades = upgrades;
  Input input;
  RequestReader reader(limits);
  while (!raw.empty()) {
    const size_t size = sizer(raw.size());
    input.deliver(raw.substr(0, size));
    raw.remove_prefix(size);
    if (!read_all(reader, input, allowance, out)) return out;
  }
  out.left = input.rest().size();
  return out;
}

struct Asked {
  bool head_request = false;
  bool wants_upgrade = false;
};

// One response, to its end, and the end of the connection behind the bytes.
inline Transcript read_response(std::string_view raw, const Asked& asked, const Sizer& sizer,
                                const ReaderLimits& limits = {}, const Sizer& allowance = whole) {
  Transcript out;
  Input input;
  ResponseReader reader(limits);
  reader.expect(asked.head_request, asked.wants_upgrade);
  while (!raw.empty()) {
    const size_t size = sizer(raw.size());
    input.deliver(raw.substr(0, size));
    raw.remove_prefix(size);
    if (read_all(reader, input, allowance, out)) continue;
    out.left = out.error.empty() ? input.rest().size() + raw.size() : 0;
    return out;
  }
  if (reader.end_of_input() == ReadEvent::kEnd) {
    out.messages.back().complete = true;
  } else {
    out.error = name_of(reader.error().code);
  }
  return out;
}

}  // namespace ingress::http::test
