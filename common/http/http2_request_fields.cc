#include "common/http/http2_request_fields.h"

#include "common/http/field_names.h"

namespace ingress::http {
namespace {

nghttp2_nv pair_of(std::string_view name, std::string_view value) {
  // nghttp2 copies both and writes to neither.
  const auto bytes = [](std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

bool is_for_http1(const Field& field) {
  switch (classify(field.name)) {
    case FieldClass::kConnection:
    case FieldClass::kHopByHop:
    case FieldClass::kTransferEncoding:
    case FieldClass::kUpgrade:
    case FieldClass::kHost:
      return true;
    case FieldClass::kTe:
      return !iequals(field.value, "trailers");
    default:
      return false;
  }
}

}  // namespace

void request_fields(std::string_view method, std::string_view target, const Fields& fields,
                    std::vector<nghttp2_nv>& out) {
  out.clear();
  out.reserve(fields.size() + 4);
  out.push_back(pair_of(":method", method));
  out.push_back(pair_of(":scheme", "http"));
  if (const Field* host = find_field(fields, "Host")) out.push_back(pair_of(":authority", host->value));
  out.push_back(pair_of(":path", target));
  for (const Field& field : fields) {
    if (!is_for_http1(field)) out.push_back(pair_of(field.name, field.value));
  }
}

void trailer_fields(const Fields& trailers, std::vector<nghttp2_nv>& out) {
  out.clear();
  for (const Field& field : trailers) {
    if (!is_for_http1(field)) out.push_back(pair_of(field.name, field.value));
  }
}

}  // namespace ingress::http
