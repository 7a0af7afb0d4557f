#include "common/http/field_section.h"

#include "common/base/token.h"
#include "common/base/trim.h"

namespace ingress::http {
namespace {

// Most of what a thread has lent at one time: readers show their heads one at a time, as a rule.
constexpr size_t kMostSpare = 4;

std::vector<Fields>& spare_fields() {
  thread_local std::vector<Fields> spare;
  return spare;
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

FieldSection::Progress FieldSection::fields(std::string_view input, const ReaderLimits& limits, Fields& out,
                                            Fault& fault) {
  const bool from_first = field_count_ == 0;
  if (from_first) fields_offset_ = static_cast<uint32_t>(offset());
  lend_fields(out);
  Progress progress = read_lines(input, limits, out, fault);
  if (progress == Progress::kWhole && !from_first) {
    // The lines of earlier calls may lie elsewhere by now.
    out.clear();
    field_count_ = 0;
    scanner_.rewind(fields_offset_);
    progress = read_lines(input, limits, out, fault);
  }
  if (progress != Progress::kWhole) give_back_fields(out);
  return progress;
}

FieldSection::Progress FieldSection::read_lines(std::string_view input, const ReaderLimits& limits, Fields& out,
                                                Fault& fault) {
  while (true) {
    const size_t begin = offset();
    std::string_view line;
    const Progress progress = first_line(input, limits, line, fault);
    if (progress != Progress::kWhole) {
      // What can't begin a field is refused before its line is whole, and even where the line is too long.
      const std::string_view begun = input.substr(0, limits.head_bytes).substr(begin);
      if (begun.empty() || begun.front() == '\r' || is_token_byte(begun.front())) return progress;
      fault = kBadLine;
      return Progress::kFault;
    }
    if (line.empty()) return progress;
    // No token goes beyond the line.
    const size_t name = token_span(input.substr(begin));
    if (name == 0 || name == line.size() || line[name] != ':') {
      fault = kBadLine;
    } else if (++field_count_ > limits.field_count) {
      fault = kTooMany;
    }
    if (fault) return Progress::kFault;
    out.push_back({line.substr(0, name), trim_blanks(line.substr(name + 1))});
  }
}

void FieldSection::reset() {
  scanner_.reset();
  field_count_ = 0;
}

void lend_fields(Fields& to) {
  std::vector<Fields>& spare = spare_fields();
  if (spare.empty()) return;
  to.swap(spare.back());
  spare.pop_back();
  to.clear();
}

void give_back_fields(Fields& from) {
  if (from.capacity() == 0) return;
  std::vector<Fields>& spare = spare_fields();
  if (spare.size() < kMostSpare) {
    spare.emplace_back().swap(from);
  } else {
    Fields().swap(from);
  }
}

}  // namespace ingress::http
