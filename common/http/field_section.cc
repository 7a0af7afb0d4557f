#include "common/http/field_section.h"

#include "common/http/chars.h"

namespace ingress::http {
namespace {

bool is_field_line(std::string_view line) {
  const size_t name = span_of(line, kTokenChar);
  return name > 0 && name < line.size() && line[name] == ':';
}

constexpr Fault kTooLarge{"the head is too large", Fault::Kind::kTooLarge};
constexpr Fault kTooMany{"too many fields", Fault::Kind::kTooLarge};
constexpr Fault kBadBytes{"a bare CR or LF, or a control character, in the head"};
constexpr Fault kBadLine{"a malformed field line"};

}  // namespace

FieldSection::Progress FieldSection::first_line(std::string_view input, const ReaderLimits& limits,
                                                std::string_view& line, Fault& fault) {
  switch (scanner_.next(input, limits.head_bytes, line)) {
    case SectionScanner::Found::kNothing:
      return Progress::kNeedMore;
    case SectionScanner::Found::kLine:
      return Progress::kWhole;
    case SectionScanner::Found::kTooLarge:
      fault = kTooLarge;
      return Progress::kFault;
    case SectionScanner::Found::kMalformed:
      fault = kBadBytes;
      return Progress::kFault;
  }
  return Progress::kFault;
}

FieldSection::Progress FieldSection::fields(std::string_view input, const ReaderLimits& limits, Fault& fault) {
  while (true) {
    std::string_view line;
    const Progress progress = first_line(input, limits, line, fault);
    if (progress == Progress::kWhole) {
      if (line.empty()) return progress;
      if (!is_field_line(line)) fault = kBadLine;
      if (!fault && ++field_count_ > limits.field_count) fault = kTooMany;
      if (!fault) continue;
      return Progress::kFault;
    }
    // What can't begin a field is refused before its line is whole, and even where the line is too long.
    const std::string_view begun = input.substr(0, limits.head_bytes).substr(offset());
    if (begun.empty() || begun.front() == '\r' || is(begun.front(), kTokenChar)) return progress;
    fault = kBadLine;
    return Progress::kFault;
  }
}

void FieldSection::reset() {
  scanner_.reset();
  field_count_ = 0;
}

}  // namespace ingress::http
