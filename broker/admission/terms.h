// The terms on which a request was let in: what changes in it and in its answer, and what ends it. Made when it is
// judged, kept by the request. Plain value.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "broker/policy/policy.h"

namespace ingress::broker {

using FieldList = std::vector<std::pair<std::string, std::string>>;

struct Terms {
  // Of the request, in this order: fields of these names (lower case) go, these take the place of others, these come to
  // what is there.
  std::vector<std::string> remove_fields;
  FieldList set_fields;
  FieldList add_fields;
  std::string target;  // in place of the request's own; "" for that

  // Of the answer.
  std::vector<std::string> remove_answer_fields;
  FieldList set_answer_fields;
  FieldList add_answer_fields;
  SecurityHeaders security = SecurityHeaders::kOff;
  std::string stripped_prefix;  // in front of the paths that the origin names
  std::string added_prefix;     // taken off them

  // What ends it.
  std::string share;       // by whose link it came in, "" for none
  int64_t expires_at = 0;  // Unix seconds, 0 for never
  uint64_t max_body_bytes = UINT64_MAX;
  Duration idle{0};        // 0: the broker's own
  Duration connect{0};     // to the origin; 0: the agent's own
  Duration first_byte{0};  // 0: none
  uint64_t bytes_per_second = 0;
};

// What is answered instead of the origin.
struct Instead {
  Error error;
  int status = 0;  // 0: of the error. 3xx: there is no body
  FieldList fields;
};

}  // namespace ingress::broker
