// Reading a section of fields: of a request, of a response, or trailers. Private to common/http.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/http/fault.h"
#include "common/http/head.h"
#include "common/http/http1_limits.h"
#include "common/http/section_scanner.h"

namespace ingress::http {

enum class Sender : uint8_t { kClient, kOrigin };

// The strict reading of a section, line by line as it comes (RFC 9112, 5): no white space before the colon, no
// obs-fold, no name that is not a token.
class FieldSection {
 public:
  enum class Progress : uint8_t { kNeedMore, kWhole, kFault };

  // The line before the fields, where there is one; to be called until it is there. kWhole: `line` is it.
  Progress first_line(std::string_view input, const ReaderLimits& limits, std::string_view& line, Fault& fault);
  // The fields' lines to the empty one. kWhole: `out` has the fields, views into `input`, in memory that is lent (see
  // lend_fields); else it is empty and has none.
  Progress fields(std::string_view input, const ReaderLimits& limits, Fields& out, Fault& fault);
  // Bytes that belong to the section so far, whole lines only; of them those before the fields.
  size_t offset() const { return scanner_.offset(); }
  size_t fields_offset() const { return fields_offset_; }
  void reset();

 private:
  Progress read_lines(std::string_view input, const ReaderLimits& limits, Fields& out, Fault& fault);

  SectionScanner scanner_;
  uint32_t fields_offset_ = 0;
  uint32_t field_count_ = 0;
};

// llhttp reads the same fields in a section, its empty line included, that ended with kWhole: a second opinion on
// heads whose framing is not plain, and on trailers.
bool is_confirmed(std::string_view section, Sender sender, const Fields& fields);

// Fields that are lent to a reader while it shows a head or trailers, so that an idle one owns no memory and a busy one
// allocates none. Per thread.
void lend_fields(Fields& to);
void give_back_fields(Fields& from);

}  // namespace ingress::http
