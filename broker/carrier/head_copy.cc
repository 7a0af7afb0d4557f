#include "broker/carrier/head_copy.h"

namespace ingress::broker {

HeadCopy::HeadCopy(const tunnel::OpenHead& head) {
  text.make_room(head.request.method.size() + head.request.target.size() + http::text_bytes(head.request.fields));
  open.kind = head.kind;
  open.port = head.port;
  open.upgrade = head.upgrade;
  open.connect_limit = head.connect_limit;
  open.request.minor_version = head.request.minor_version;
  open.request.method = text.keep(head.request.method);
  open.request.target = text.keep(head.request.target);
  text.keep(head.request.fields, open.request.fields);
}

HeadCopy::HeadCopy(const http::ResponseHead& head) {
  text.make_room(head.reason.size() + http::text_bytes(head.fields));
  answer.status = head.status;
  answer.minor_version = head.minor_version;
  answer.reason = text.keep(head.reason);
  text.keep(head.fields, answer.fields);
}

HeadCopy::HeadCopy(const http::Fields& fields) {
  text.make_room(http::text_bytes(fields));
  text.keep(fields, trailers);
}

}  // namespace ingress::broker
