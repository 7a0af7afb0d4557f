#include "common/http/authority.h"
#include "common/http/field_names.h"
#include "common/http/forward_rules.h"
#include "common/http/nominated.h"

namespace ingress::http {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr int kFirstFinal = 200;
constexpr int kNoContent = 204;
constexpr int kUpgradeRequired = 426;

bool is_local(const HttpUrl& url, int port) {
  const std::string_view host = url.parts.host;
  return port_or_default(url.parts, url.tls) == port &&
         (iequals(host, "localhost") || host == "127.0.0.1" || host == "[::1]");
}

// An absolute URL of the origin as the client knows it; every other value as it is.
std::string_view public_location(std::string_view value, const Inbound& inbound, const RequestRules& rules,
                                 Scratch& scratch) {
  const std::optional<HttpUrl> url = parse_http_reference(value, rules.target_tls);
  if (!url || !is_local(*url, rules.target_port)) return value;
  return scratch.add({inbound.scheme, "://", inbound.shown_host(), url->rest});
}

}  // namespace

void forward_response_fields(const ResponseHead& head, const Inbound& inbound, const RequestRules& rules,
                             Scratch& scratch, Fields& out) {
  out.clear();
  bool nominates = false;
  const bool bodiless = head.status < kFirstFinal || head.status == kNoContent;
  for (const Field& field : head.fields) {
    switch (classify(field.name)) {
      case FieldClass::kConnection:
        nominates = nominates || names_fields(field.value);
        break;
      case FieldClass::kHopByHop:
      case FieldClass::kTransferEncoding:
      case FieldClass::kTe:
        break;
      case FieldClass::kUpgrade:
        if (head.status == kSwitchingProtocols || head.status == kUpgradeRequired) out.push_back(field);
        break;
      case FieldClass::kContentLength:
        if (!bodiless) out.push_back(field);
        break;
      case FieldClass::kLocation:
        out.push_back({field.name, public_location(field.value, inbound, rules, scratch)});
        break;
      default:
        out.push_back(field);
    }
  }
  if (nominates) drop_nominated(head.fields, out);
}

}  // namespace ingress::http
