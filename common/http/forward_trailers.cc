#include "common/http/field_names.h"
#include "common/http/forward_rules.h"

namespace ingress::http {

void forward_trailers(const Fields& trailers, Fields& out) {
  out.clear();
  for (const Field& field : trailers) {
    if (!forbidden_as_trailer(field.name)) out.push_back(field);
  }
}

}  // namespace ingress::http
