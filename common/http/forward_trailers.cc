#include "common/http/field_names.h"
#include "common/http/forward_rules.h"

namespace ingress::http {

void forward_trailers(const Fields& trailers, Fields& out) {
  out.clear();
  for (const Field& field : trailers) {
    if (!forbidden_as_trailer(field.name)) out.push_back(field);
  }
}

void drop_fields(Fields& fields, std::string_view lower_case_name) {
  std::erase_if(fields, [lower_case_name](const Field& field) { return folds_to(field.name, lower_case_name); });
}

}  // namespace ingress::http
