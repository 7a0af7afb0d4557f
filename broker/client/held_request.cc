#include "broker/client/held_request.h"

#include <string>

namespace ingress::broker {
namespace {

// What a pooled exchange keeps from one request to the next.
constexpr size_t kOrdinaryBytes = 4096;
constexpr size_t kOrdinaryFields = 64;

}  // namespace

void HeldRequest::hold(const http::RequestHead& head, const server::RequestInfo& info) {
  text_.make_room(head.method.size() + head.target.size() + info.client_ip.size() + info.forwarded_for.size() +
                  info.public_host.size() + http::text_bytes(head.fields));
  head_.minor_version = head.minor_version;
  head_.method = text_.keep(head.method);
  head_.target = text_.keep(head.target);
  info_ = info;
  info_.client_ip = text_.keep(info.client_ip);
  info_.forwarded_for = text_.keep(info.forwarded_for);
  info_.public_host = text_.keep(info.public_host);
  text_.keep(head.fields, head_.fields);
}

void HeldRequest::drop_fields() {
  const std::string method(head_.method);
  const std::string target(head_.target);
  const std::string client_ip(info_.client_ip);
  const std::string forwarded_for(info_.forwarded_for);
  const std::string public_host(info_.public_host);
  text_.let_go(0);
  http::Fields().swap(head_.fields);
  http::RequestHead line;
  line.minor_version = head_.minor_version;
  line.method = method;
  line.target = target;
  server::RequestInfo info = info_;
  info.client_ip = client_ip;
  info.forwarded_for = forwarded_for;
  info.public_host = public_host;
  hold(line, info);
}

void HeldRequest::let_go() {
  text_.let_go(kOrdinaryBytes);
  head_.clear();
  info_ = {};
  if (head_.fields.capacity() > kOrdinaryFields) http::Fields().swap(head_.fields);
}

}  // namespace ingress::broker
