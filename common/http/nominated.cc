#include "common/http/nominated.h"

#include <algorithm>

#include "common/http/field_names.h"
#include "common/http/list.h"
#include "common/http/message_facts.h"

namespace ingress::http {
namespace {

bool is_common_option(std::string_view option) {
  return option.empty() || iequals(option, "keep-alive") || iequals(option, "close") || iequals(option, "upgrade") ||
         iequals(option, "te");
}

void drop(std::string_view name, Fields& out) {
  switch (classify(name)) {
    case FieldClass::kHost:
    case FieldClass::kContentLength:
      return;
    default:
      std::erase_if(out, [name](const Field& field) { return iequals(field.name, name); });
  }
}

}  // namespace

bool names_fields(std::string_view connection_value) {
  ListElements elements(connection_value);
  std::string_view option;
  while (elements.next(option)) {
    if (!is_common_option(option)) return true;
  }
  return false;
}

void drop_nominated(const Fields& all, Fields& out) {
  int looked_at = 0;
  for (const Field& field : all) {
    if (!iequals(field.name, "Connection")) continue;
    ListElements elements(field.value);
    std::string_view option;
    while (elements.next(option)) {
      if (++looked_at > kMostConnectionOptions) return;
      if (!is_common_option(option)) drop(option, out);
    }
  }
}

}  // namespace ingress::http
