#include "broker/carrier/head_copy.h"

namespace ingress::broker {
namespace {

size_t size_of(const http::Fields& fields) {
  size_t size = 0;
  for (const http::Field& field : fields) size += field.name.size() + field.value.size();
  return size;
}

}  // namespace

// `text` has been given room for all, so that no view of it moves.
std::string_view HeadCopy::keep(std::string_view part) {
  const size_t begin = text.size();
  text += part;
  return std::string_view(text).substr(begin);
}

void HeadCopy::keep(const http::Fields& from, http::Fields& to) {
  to.reserve(from.size());
  for (const http::Field& field : from) {
    const std::string_view name = keep(field.name);
    to.push_back({name, keep(field.value)});
  }
}

HeadCopy::HeadCopy(const tunnel::OpenHead& head) {
  text.reserve(head.request.method.size() + head.request.target.size() + size_of(head.request.fields));
  open.kind = head.kind;
  open.port = head.port;
  open.upgrade = head.upgrade;
  open.request.minor_version = head.request.minor_version;
  open.request.method = keep(head.request.method);
  open.request.target = keep(head.request.target);
  keep(head.request.fields, open.request.fields);
}

HeadCopy::HeadCopy(const http::ResponseHead& head) {
  text.reserve(head.reason.size() + size_of(head.fields));
  answer.status = head.status;
  answer.minor_version = head.minor_version;
  answer.reason = keep(head.reason);
  keep(head.fields, answer.fields);
}

HeadCopy::HeadCopy(const http::Fields& fields) {
  text.reserve(size_of(fields));
  keep(fields, trailers);
}

}  // namespace ingress::broker
