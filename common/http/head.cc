#include "common/http/head.h"

#include "common/base/words.h"
#include "common/http/chars.h"
#include "common/http/list.h"

namespace ingress::http {

void RequestHead::clear() {
  method = target = {};
  minor_version = 1;
  fields.clear();
}

void ResponseHead::clear() {
  status = 0;
  reason = {};
  minor_version = 1;
  fields.clear();
}

bool same_but_case(std::string_view a, std::string_view b) {
  constexpr size_t kWord = sizeof(uint64_t);
  if (a.size() < kWord) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
  }
  // The last eight bytes, first (names that differ do so there, as a rule), overlap the ones before.
  const size_t last = a.size() - kWord;
  if (lower_word(load_word(a.data() + last)) != lower_word(load_word(b.data() + last))) return false;
  for (size_t at = 0; at < last; at += kWord) {
    if (lower_word(load_word(a.data() + at)) != lower_word(load_word(b.data() + at))) return false;
  }
  return true;
}

const Field* find_field(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (iequals(field.name, name)) return &field;
  }
  return nullptr;
}

bool has_token(const Fields& fields, std::string_view name, std::string_view token) {
  for (const Field& field : fields) {
    if (!iequals(field.name, name)) continue;
    ListElements elements(field.value);
    std::string_view element;
    while (elements.next(element)) {
      if (iequals(element, token)) return true;
    }
  }
  return false;
}

}  // namespace ingress::http
