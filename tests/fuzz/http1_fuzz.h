// What both HTTP/1.1 targets hold to: the same bytes are read in the same way however they are cut, and what was read
// and is written again is the same message.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "common/http/field_section.h"
#include "common/http/http1_writer.h"
#include "common/http/message_facts.h"
#include "tests/unit/common/http/transcript.h"

namespace ingress::http::test {

inline void require(bool holds, const char* what, const std::string& details = {}) {
  if (holds) return;
  std::fprintf(stderr, "%s\n%s\n", what, details.c_str());
  std::abort();
}

inline void require_equal(const Transcript& expected, const Transcript& seen, const char* what) {
  require(expected == seen, what, expected.text() + "----\n" + seen.text());
}

inline uint64_t hash_of(std::string_view text) {
  uint64_t hash = 1469598103934665603u;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return hash;
}

// Small limits are met by small inputs.
inline ReaderLimits limits_for(uint64_t seed) {
  if ((seed >> 20) % 4 != 0) return {};
  return {.head_bytes = 16 + (seed >> 24) % 256, .field_count = static_cast<uint32_t>(1 + (seed >> 40) % 6)};
}

// The ways of cutting that are tried: all positions of a short input, a few of a long one.
inline std::vector<Sizer> cuts_of(std::string_view raw, uint64_t seed) {
  constexpr size_t kShort = 40;
  constexpr size_t kMedium = 300;
  std::vector<Sizer> cuts = {seeded(seed), seeded(seed + 1), cut_at(raw.empty() ? 0 : seed % raw.size())};
  if (raw.size() <= kMedium) cuts.push_back(bytewise);
  if (raw.size() <= kShort) {
    for (size_t cut = 1; cut < raw.size(); ++cut) cuts.push_back(cut_at(cut));
  }
  return cuts;
}

// llhttp 8 takes no HTAB behind the digits of a Content-Length, where OWS may be one (RFC 9110, 5.5): spaces instead.
inline std::string without_tabs_behind_lengths(std::string_view section) {
  constexpr std::string_view kName = "content-length:";
  std::string text(section);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find("\r\n", begin), text.size());
    const bool is_length = std::equal(kName.begin(), kName.end(), text.begin() + static_cast<ptrdiff_t>(begin),
                                      text.begin() + static_cast<ptrdiff_t>(std::min(end, begin + kName.size())),
                                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
    for (size_t at = end; is_length && at > begin && (text[at - 1] == ' ' || text[at - 1] == '\t'); --at)
      text[at - 1] = ' ';
    begin = end + 2;
  }
  return text;
}

// llhttp reads the fields of every section that ours takes, plain or not, as ours does.
inline void check_second_reader(std::string_view raw, Sender sender) {
  FieldSection section;
  std::string_view line;
  Fields fields;
  Fault fault;
  if (section.first_line(raw, {}, line, fault) != FieldSection::Progress::kWhole) return;
  if (section.fields(raw, {}, fields, fault) != FieldSection::Progress::kWhole) return;
  MessageFacts facts;
  const std::string lines =
      without_tabs_behind_lengths(raw.substr(section.fields_offset(), section.offset() - section.fields_offset()));
  if (!read_facts(fields, 1, facts)) require(is_confirmed(lines, sender, fields), "two readers differ");
  give_back_fields(fields);
}

inline void append_body(const Message& message, ByteBuffer& out) {
  if (message.kind != BodyKind::kChunked) {
    out.append(message.body);
    return;
  }
  if (!message.body.empty()) {
    uint8_t header[kChunkHeaderBytes];
    const size_t bytes = write_chunk_header_before(header + sizeof(header), message.body.size());
    out.append(Bytes(header + sizeof(header) - bytes, bytes));
    out.append(message.body);
    out.append(kChunkEnd);
  }
  write_last_chunk(out, to_fields(message.trailers));
}

}  // namespace ingress::http::test
