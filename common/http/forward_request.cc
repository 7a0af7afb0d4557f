#include <charconv>

#include "common/http/authority.h"
#include "common/http/field_names.h"
#include "common/http/forward_rules.h"
#include "common/http/list.h"
#include "common/http/message_facts.h"
#include "common/http/nominated.h"
#include "common/http/trace_ids.h"

namespace ingress::http {
namespace {

std::string_view number(int value, Scratch& scratch) {
  char digits[12];
  const char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  return scratch.add(std::string_view(digits, static_cast<size_t>(end - digits)));
}

bool holds(std::string_view list, std::string_view token) {
  ListElements elements(list);
  std::string_view element;
  while (elements.next(element)) {
    if (iequals(element, token)) return true;
  }
  return false;
}

// One request's fields on their way into `out`.
class RequestForwarding {
 public:
  RequestForwarding(bool upgrade, const Inbound& inbound, const RequestRules& rules, RandomIds& ids, Scratch& scratch,
                    Fields& out)
      : inbound_(inbound), rules_(rules), ids_(ids), scratch_(scratch), out_(out), upgrade_(upgrade) {}

  void take(const Field& field);
  RequestIds finish(const Fields& all);

 private:
  void take_te(const Field& field);
  void take_upgrade(const Field& field);
  void take_traceparent(const Field& field);
  void take_request_id(const Field& field);
  // Origin or Referer.
  void take_site(const Field& field);
  void write_host(std::string_view name);
  bool is_same_site(const HttpUrl& url) const;
  // "localhost:PORT"
  std::string_view local_authority();

  const Inbound& inbound_;
  const RequestRules& rules_;
  RandomIds& ids_;
  Scratch& scratch_;
  Fields& out_;
  std::string_view local_authority_;
  std::string_view traceparent_;  // "": none that is good
  std::string_view request_id_;
  const bool upgrade_;
  bool host_written_ = false;
  bool te_written_ = false;
  bool names_fields_ = false;
  bool has_tracestate_ = false;
};

void RequestForwarding::take(const Field& field) {
  switch (classify(field.name)) {
    case FieldClass::kConnection:
      names_fields_ = names_fields_ || names_fields(field.value);
      return;
    case FieldClass::kHopByHop:
    case FieldClass::kTransferEncoding:
    case FieldClass::kNeverFromClient:
      return;
    case FieldClass::kTe:
      return take_te(field);
    case FieldClass::kUpgrade:
      if (upgrade_) take_upgrade(field);
      return;
    case FieldClass::kHost:
      if (!host_written_) write_host(field.name);
      return;
    case FieldClass::kOrigin:
    case FieldClass::kReferer:
      return take_site(field);
    case FieldClass::kTraceparent:
      return take_traceparent(field);
    case FieldClass::kRequestId:
      return take_request_id(field);
    case FieldClass::kTracestate:
      has_tracestate_ = true;
      break;
    case FieldClass::kContentLength:
    case FieldClass::kLocation:
    case FieldClass::kOther:
      break;
  }
  out_.push_back(field);
}

void RequestForwarding::take_te(const Field& field) {
  if (te_written_ || !holds(field.value, "trailers")) return;
  te_written_ = true;
  out_.push_back({field.name, "trailers"});
}

// Without h2c, which is between the client and us.
void RequestForwarding::take_upgrade(const Field& field) {
  std::string_view others;
  bool names_h2c = false;
  ListElements elements(field.value);
  std::string_view protocol;
  while (elements.next(protocol)) {
    if (is_h2c(protocol)) {
      names_h2c = true;
    } else if (!protocol.empty()) {
      others = others.empty() ? protocol : scratch_.add({others, ", ", protocol});
    }
  }
  if (!names_h2c) return out_.push_back(field);
  if (!others.empty()) out_.push_back({field.name, others});
}

void RequestForwarding::take_traceparent(const Field& field) {
  if (!traceparent_.empty() || !is_traceparent(field.value)) return;
  traceparent_ = field.value;
  out_.push_back(field);
}

void RequestForwarding::take_request_id(const Field& field) {
  if (!request_id_.empty() || !is_request_id(field.value)) return;
  request_id_ = field.value;
  out_.push_back(field);
}

void RequestForwarding::take_site(const Field& field) {
  if (rules_.origin == OriginMode::kRewrite) {
    const std::optional<HttpUrl> url = parse_http_url(field.value);
    if (url && is_same_site(*url)) {
      out_.push_back(
          {field.name, scratch_.add({rules_.target_tls ? "https://" : "http://", local_authority(), url->rest})});
      return;
    }
  }
  out_.push_back(field);
}

void RequestForwarding::write_host(std::string_view name) {
  host_written_ = true;
  out_.push_back({name, rules_.host == HostMode::kRewrite ? local_authority() : inbound_.host});
}

bool RequestForwarding::is_same_site(const HttpUrl& url) const {
  const std::optional<Authority> own = parse_authority(inbound_.shown_host());
  return own && iequals(own->host, url.parts.host) &&
         port_or_default(*own, iequals(inbound_.scheme, "https")) == port_or_default(url.parts, url.tls);
}

std::string_view RequestForwarding::local_authority() {
  if (local_authority_.empty()) {
    local_authority_ = scratch_.add({"localhost:", number(rules_.target_port, scratch_)});
  }
  return local_authority_;
}

RequestIds RequestForwarding::finish(const Fields& all) {
  if (names_fields_) {
    drop_nominated(all, out_);
    if (find_field(out_, "traceparent") == nullptr) traceparent_ = {};
    if (find_field(out_, "X-Request-Id") == nullptr) request_id_ = {};
  }
  if (has_tracestate_ && traceparent_.empty()) {
    std::erase_if(out_, [](const Field& field) { return iequals(field.name, "tracestate"); });
  }
  if (!host_written_) write_host("Host");
  out_.push_back({"X-Forwarded-For", inbound_.forwarded_for.empty() ? inbound_.client_ip : inbound_.forwarded_for});
  out_.push_back({"X-Forwarded-Host", inbound_.shown_host()});
  out_.push_back({"X-Forwarded-Proto", inbound_.scheme});
  out_.push_back({"X-Forwarded-Port", number(inbound_.port, scratch_)});
  out_.push_back({"X-Iterate-Proxy-Via", inbound_.host});
  if (traceparent_.empty()) {
    traceparent_ = new_traceparent(ids_, scratch_);
    out_.push_back({"traceparent", traceparent_});
  }
  if (request_id_.empty()) {
    request_id_ = new_request_id(ids_, scratch_);
    out_.push_back({"X-Request-Id", request_id_});
  }
  return {trace_id_of(traceparent_), request_id_};
}

}  // namespace

RequestIds forward_request_fields(const RequestHead& head, bool upgrade, const Inbound& inbound,
                                  const RequestRules& rules, RandomIds& ids, Scratch& scratch, Fields& out) {
  out.clear();
  RequestForwarding forwarding(upgrade, inbound, rules, ids, scratch, out);
  for (const Field& field : head.fields) forwarding.take(field);
  return forwarding.finish(head.fields);
}

}  // namespace ingress::http
