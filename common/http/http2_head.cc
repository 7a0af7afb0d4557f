#include "common/http/http2_head.h"

#include <algorithm>

#include "common/base/token.h"
#include "common/http/authority.h"
#include "common/http/chars.h"
#include "common/http/request_target.h"
#include "common/http/start_line.h"

namespace ingress::http {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Error client_error(ErrorCode code, const char* context) { return Error{code, Side::kClient, false, 0, context}; }

// 16 random bytes in base64, as RFC 6455 wants a key: 22 characters that carry bits (the last one two) and "==".
void append_key(RandomIds& ids, std::string& out) {
  uint64_t bits[2] = {ids.next(), ids.next()};
  for (int i = 0; i < 21; ++i) {
    out.push_back(kBase64[bits[0] & 63]);
    bits[0] = bits[0] >> 6 | bits[1] << 58;
    bits[1] >>= 6;
  }
  out.push_back(kBase64[(bits[0] & 3) << 4]);
  out.append("==");
}

bool is_good_field(const Field& field) { return is_token(field.name) && !has_control(field.value); }

}  // namespace

void Http2HeadCollector::begin() {
  text_.clear();
  cookie_.clear();
  kept_.clear();
  method_ = authority_ = path_ = protocol_ = {};
  seen_bytes_ = seen_fields_ = cookie_at_ = 0;
  has_cookie_ = has_authority_ = false;
}

Http2HeadCollector::Span Http2HeadCollector::keep(std::string_view text) {
  const Span span{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(text.size())};
  text_.append(text);
  return span;
}

void Http2HeadCollector::add(std::string_view name, std::string_view value) {
  seen_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (seen_bytes_ > limits_.head_bytes) return;
  if (name.starts_with(':')) return take_pseudo(name, value);
  if (++seen_fields_ > limits_.field_count) return;
  if (name == "cookie") return add_cookie(value);
  const Span kept_name = keep(name);
  kept_.push_back({kept_name, keep(value)});
}

void Http2HeadCollector::take_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    method_ = keep(value);
  } else if (name == ":authority") {
    has_authority_ = true;
    authority_ = keep(value);
  } else if (name == ":path") {
    path_ = keep(value);
  } else if (name == ":protocol") {
    protocol_ = keep(value);
  }
}

// RFC 9113, 8.2.3: the crumbs of a cookie are one field elsewhere.
void Http2HeadCollector::add_cookie(std::string_view value) {
  if (!has_cookie_) {
    cookie_at_ = kept_.size();
    kept_.push_back({keep("cookie"), {}});
  } else {
    cookie_.append("; ");
  }
  has_cookie_ = true;
  cookie_.append(value);
}

void Http2HeadCollector::make_fields(Fields& fields) {
  fields.reserve(fields.size() + kept_.size());
  for (size_t i = 0; i < kept_.size(); ++i) {
    const bool cookie = has_cookie_ && i == cookie_at_;
    fields.push_back({view(kept_[i].name), cookie ? std::string_view(cookie_) : view(kept_[i].value)});
  }
}

Status Http2HeadCollector::make_host(Fields& fields) {
  const auto is_host = [](const Field& field) { return iequals(field.name, "host"); };
  const auto hosts = std::count_if(fields.begin(), fields.end(), is_host);
  if (hosts > 1) return tl::unexpected(client_error(ErrorCode::kBadRequest, "more than one Host"));
  if (hosts == 0 && !has_authority_) return tl::unexpected(client_error(ErrorCode::kBadRequest, "no Host"));
  if (hosts == 1 && has_authority_ && !iequals(find_field(fields, "host")->value, view(authority_))) {
    return tl::unexpected(client_error(ErrorCode::kBadRequest, "Host is not what :authority says"));
  }
  if (hosts == 0) fields.insert(fields.begin(), Field{"host", view(authority_)});
  if (!parse_authority(find_field(fields, "host")->value)) {
    return tl::unexpected(client_error(ErrorCode::kInvalidHost, "a malformed Host"));
  }
  return {};
}

void Http2HeadCollector::add_upgrade(Fields& fields) {
  std::erase_if(fields, [](const Field& field) {
    return iequals(field.name, "sec-websocket-key") || iequals(field.name, "content-length");
  });
  websocket_key_.clear();
  append_key(ids_, websocket_key_);
  fields.push_back({"Connection", "Upgrade"});
  fields.push_back({"Upgrade", "websocket"});
  fields.push_back({"Sec-WebSocket-Key", websocket_key_});
}

Status Http2HeadCollector::finish_request(RequestHead& head, bool& upgrade) {
  head.clear();
  head.method = view(method_);
  head.target = view(path_);
  upgrade = false;
  if (seen_bytes_ > limits_.head_bytes || seen_fields_ > limits_.field_count) {
    return tl::unexpected(client_error(ErrorCode::kHeaderTooLarge, "the request's head is too large"));
  }
  if (!is_token(head.method) || head.method.size() > kMostMethodBytes) {
    return tl::unexpected(client_error(ErrorCode::kBadRequest, "a malformed method"));
  }
  if (head.method == "CONNECT") {
    if (!iequals(view(protocol_), "websocket")) {
      return tl::unexpected(client_error(ErrorCode::kMethodNotAllowed, "CONNECT is not served"));
    }
    head.method = "GET";
    upgrade = true;
  }
  RequestTarget target;
  if (!all_are(head.target, kTargetChar) || !split_target(head.method, head.target, target) || !target.host.empty()) {
    return tl::unexpected(client_error(ErrorCode::kBadRequest, "a malformed request target"));
  }
  make_fields(head.fields);
  if (!std::all_of(head.fields.begin(), head.fields.end(), is_good_field)) {
    return tl::unexpected(client_error(ErrorCode::kBadRequest, "malformed fields"));
  }
  if (const Status host = make_host(head.fields); !host) return host;
  if (upgrade) add_upgrade(head.fields);
  return {};
}

Status Http2HeadCollector::finish_trailers(Fields& trailers) {
  trailers.clear();
  if (seen_bytes_ > limits_.head_bytes || seen_fields_ > limits_.field_count) {
    return tl::unexpected(client_error(ErrorCode::kHeaderTooLarge, "the trailers are too large"));
  }
  make_fields(trailers);
  if (!std::all_of(trailers.begin(), trailers.end(), is_good_field)) {
    return tl::unexpected(client_error(ErrorCode::kBadRequest, "malformed fields"));
  }
  return {};
}

}  // namespace ingress::http
