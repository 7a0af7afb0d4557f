// Field lines to Fields, by llhttp. One parser object a thread, since a head is given whole.
#pragma once

#include <string_view>

#include "common/http/head.h"

namespace ingress::http {

enum class ParseResult : uint8_t { kGood, kMalformed, kTooMany };

// `block` is the field lines with the empty line at their end, checked by check_field_lines. `fields` gets views into
// it.
ParseResult parse_field_lines(std::string_view block, uint8_t minor_version, size_t most, Fields& fields);

// Fields of messages that are over, so that their memory serves the next message and an idle reader holds none.
Fields take_spare_fields();
void give_spare_fields(Fields& fields);

}  // namespace ingress::http
