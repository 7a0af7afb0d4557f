#include "broker/client/held_request.h"

namespace ingress::broker {
namespace {

// What a pooled exchange keeps from one request to the next.
constexpr size_t kOrdinaryBytes = 4096;
constexpr size_t kOrdinaryFields = 64;

size_t size_of(const http::RequestHead& head, const server::RequestInfo& info) {
  size_t size = head.method.size() + head.target.size() + info.client_ip.size();
  for (const http::Field& field : head.fields) size += field.name.size() + field.value.size();
  return size;
}

}  // namespace

// The text has been given room for all, so that no view of it moves.
std::string_view HeldRequest::keep(std::string_view part) {
  const size_t begin = text_.size();
  text_.append(part);
  return std::string_view(text_).substr(begin);
}

void HeldRequest::hold(const http::RequestHead& head, const server::RequestInfo& info) {
  text_.clear();
  text_.reserve(size_of(head, info));
  head_.minor_version = head.minor_version;
  head_.method = keep(head.method);
  head_.target = keep(head.target);
  info_ = info;
  info_.client_ip = keep(info.client_ip);
  head_.fields.clear();
  for (const http::Field& field : head.fields) {
    const std::string_view name = keep(field.name);
    head_.fields.push_back({name, keep(field.value)});
  }
}

void HeldRequest::drop_fields() {
  const std::string method(head_.method);
  const std::string target(head_.target);
  const std::string client_ip(info_.client_ip);
  std::string().swap(text_);
  http::Fields().swap(head_.fields);
  http::RequestHead line;
  line.minor_version = head_.minor_version;
  line.method = method;
  line.target = target;
  server::RequestInfo info = info_;
  info.client_ip = client_ip;
  hold(line, info);
}

void HeldRequest::let_go() {
  text_.clear();
  head_.clear();
  info_ = {};
  if (text_.capacity() > kOrdinaryBytes) std::string().swap(text_);
  if (head_.fields.capacity() > kOrdinaryFields) http::Fields().swap(head_.fields);
}

}  // namespace ingress::broker
