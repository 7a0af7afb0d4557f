#include "common/http/forward_rules.h"

#include <charconv>

#include "common/http/field_names.h"
#include "common/http/head_check.h"

namespace ingress::http {
namespace {

constexpr size_t kLongestRequestId = 128;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The field names that Connection lists (RFC 9110, 7.6.1), beside the usual options.
class Nominated {
 public:
  explicit Nominated(const Fields& fields) {
    for (const Field& field : fields) {
      if (field.name.size() == 10 && iequals(field.name, "Connection")) add(field.value);
    }
  }
  bool has(std::string_view name) const {
    for (size_t i = 0; i < count_; ++i) {
      if (iequals(names_[i], name)) return true;
    }
    if (!overflow_) return false;
    return has_token(*all_, "Connection", name);
  }
  bool empty() const { return count_ == 0; }
  void keep_all(const Fields& fields) { all_ = &fields; }

 private:
  void add(std::string_view list) {
    while (true) {
      const size_t comma = list.find(',');
      const std::string_view name = trim(list.substr(0, comma));
      if (!name.empty() && !iequals(name, "keep-alive") && !iequals(name, "close") && !iequals(name, "upgrade") &&
          !iequals(name, "te")) {
        if (count_ < kMost) {
          names_[count_++] = name;
        } else {
          overflow_ = true;
        }
      }
      if (comma == std::string_view::npos) return;
      list.remove_prefix(comma + 1);
    }
  }

  static constexpr size_t kMost = 16;
  std::string_view names_[kMost];
  size_t count_ = 0;
  bool overflow_ = false;
  const Fields* all_ = nullptr;
};

std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

struct Url {
  std::string_view scheme;
  std::string_view authority;
  std::string_view rest;  // from the path on
};

// False for anything but http(s)://authority…
bool split_url(std::string_view text, Url& out) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) return false;
  out.scheme = text.substr(0, colon);
  if (!iequals(out.scheme, "http") && !iequals(out.scheme, "https")) return false;
  text.remove_prefix(colon + 3);
  const size_t end = text.find_first_of("/?#");
  out.authority = text.substr(0, end);
  out.rest = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  return !out.authority.empty();
}

std::string_view number_text(Scratch& scratch, uint64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return scratch.add({digits, static_cast<size_t>(end - digits)});
}

std::string_view local_authority(Scratch& scratch, int port) {
  return scratch.add({"localhost:", number_text(scratch, static_cast<uint64_t>(port))});
}

bool is_lower_hex(std::string_view text) {
  for (const char c : text) {
    if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) return false;
  }
  return true;
}

// W3C Trace Context, 3.2.
bool is_traceparent(std::string_view value) {
  if (value.size() < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  const std::string_view version = value.substr(0, 2);
  const std::string_view trace = value.substr(3, 32);
  const std::string_view parent = value.substr(36, 16);
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(trace) || !is_lower_hex(parent) ||
      !is_lower_hex(value.substr(53, 2))) {
    return false;
  }
  if (version == "00" ? value.size() != 55 : value.size() > 55 && value[55] != '-') return false;
  return trace.find_first_not_of('0') != std::string_view::npos &&
         parent.find_first_not_of('0') != std::string_view::npos;
}

bool is_request_id(std::string_view value) {
  if (value.empty() || value.size() > kLongestRequestId) return false;
  for (const char c : value) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return true;
}

void put_hex(char* to, uint64_t number) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 15; i >= 0; --i, number >>= 4) to[i] = kDigits[number & 15];
}

std::string_view hex_id(RandomIds& ids, Scratch& scratch) {
  char text[32];
  put_hex(text, ids.next());
  put_hex(text + 16, ids.next());
  return scratch.add({text, sizeof text});
}

std::string_view new_traceparent(RandomIds& ids, Scratch& scratch) {
  char text[] = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  put_hex(text + 3, ids.next());
  put_hex(text + 19, ids.next() | 1);
  put_hex(text + 36, ids.next() | 1);
  return scratch.add({text, sizeof text - 1});
}

// One request's fields on their way.
class RequestRewriter {
 public:
  RequestRewriter(bool upgrade, const Inbound& inbound, const RequestRules& rules, RandomIds& ids, Scratch& scratch,
                  Fields& out)
      : upgrade_(upgrade), inbound_(inbound), rules_(rules), ids_(ids), scratch_(scratch), out_(out) {}

  void take(const Field& field, const Nominated& nominated) {
    switch (classify_request_field(field.name)) {
      case FieldClass::kHost:
        put_host(field.name);
        return;
      case FieldClass::kOrigin:
        out_.push_back({field.name, same_site(field.value, false)});
        return;
      case FieldClass::kReferer:
        out_.push_back({field.name, same_site(field.value, true)});
        return;
      case FieldClass::kUpgrade:
        if (upgrade_) out_.push_back(field);
        return;
      case FieldClass::kTe:
        if (has_token({field}, "TE", "trailers")) out_.push_back({field.name, "trailers"});
        return;
      case FieldClass::kTraceparent:
        if (!has_trace_ && is_traceparent(field.value)) {
          has_trace_ = true;
          out_.push_back(field);
        }
        return;
      case FieldClass::kRequestId:
        if (!has_request_id_ && is_request_id(field.value)) {
          has_request_id_ = true;
          out_.push_back(field);
        }
        return;
      case FieldClass::kConnection:
      case FieldClass::kTransferEncoding:
      case FieldClass::kHopByHop:
      case FieldClass::kForbidden:
        return;
      case FieldClass::kEndToEnd:
        if (nominated.empty() || !nominated.has(field.name) || iequals(field.name, "Content-Length")) {
          out_.push_back(field);
        }
        return;
    }
  }

  void finish() {
    if (!has_host_) put_host("Host");
    out_.push_back({"X-Forwarded-For", inbound_.client_ip});
    out_.push_back({"X-Forwarded-Host", inbound_.host});
    out_.push_back({"X-Forwarded-Proto", inbound_.scheme});
    out_.push_back({"X-Forwarded-Port", number_text(scratch_, static_cast<uint64_t>(inbound_.port))});
    out_.push_back({"X-Iterate-Proxy-Via", inbound_.host});
    if (!has_request_id_) out_.push_back({"X-Request-Id", hex_id(ids_, scratch_)});
    if (!has_trace_) out_.push_back({"traceparent", new_traceparent(ids_, scratch_)});
  }

 private:
  void put_host(std::string_view name) {
    has_host_ = true;
    out_.push_back({name, rules_.host == HostMode::kRewrite ? local() : inbound_.host});
  }

  std::string_view local() {
    if (local_.empty()) local_ = local_authority(scratch_, rules_.target_port);
    return local_;
  }

  std::string_view same_site(std::string_view value, bool keep_rest) {
    Url url;
    if (rules_.origin != OriginMode::kRewrite || !split_url(value, url)) return value;
    if (!iequals(without_default_port(url.authority, url.scheme),
                 without_default_port(inbound_.host, inbound_.scheme))) {
      return value;
    }
    return scratch_.add({"http://", local(), keep_rest ? url.rest : std::string_view{}});
  }

  bool upgrade_;
  const Inbound& inbound_;
  const RequestRules& rules_;
  RandomIds& ids_;
  Scratch& scratch_;
  Fields& out_;
  std::string_view local_;
  bool has_host_ = false;
  bool has_trace_ = false;
  bool has_request_id_ = false;
};

// http(s)://localhost:PORT/… as the origin knows itself, to the host that the client knows.
std::string_view map_back(std::string_view value, const Inbound& inbound, const RequestRules& rules, Scratch& scratch) {
  Url url;
  if (!split_url(value, url)) return value;
  const size_t colon = url.authority.rfind(':');
  if (colon == std::string_view::npos) return value;
  const std::string_view host = url.authority.substr(0, colon);
  const std::string_view port = url.authority.substr(colon + 1);
  int number = 0;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size() || number != rules.target_port) return value;
  if (!iequals(host, "localhost") && host != "127.0.0.1" && host != "[::1]") return value;
  return scratch.add({inbound.scheme, "://", inbound.host, url.rest});
}

}  // namespace

void forward_request_fields(const RequestHead& head, bool upgrade, const Inbound& inbound, const RequestRules& rules,
                            RandomIds& ids, Scratch& scratch, Fields& out) {
  out.clear();
  Nominated nominated(head.fields);
  nominated.keep_all(head.fields);
  RequestRewriter rewriter(upgrade, inbound, rules, ids, scratch, out);
  for (const Field& field : head.fields) rewriter.take(field, nominated);
  rewriter.finish();
}

void forward_response_fields(const ResponseHead& head, const Inbound& inbound, const RequestRules& rules,
                             Scratch& scratch, Fields& out) {
  out.clear();
  Nominated nominated(head.fields);
  nominated.keep_all(head.fields);
  for (const Field& field : head.fields) {
    switch (classify_response_field(field.name)) {
      case FieldClass::kUpgrade:
        if (head.status == 101) out.push_back(field);
        continue;
      case FieldClass::kEndToEnd:
        break;
      default:
        continue;
    }
    if (!nominated.empty() && nominated.has(field.name) && !iequals(field.name, "Content-Length")) continue;
    const bool location = (field.name.size() == 8 && iequals(field.name, "Location")) ||
                          (field.name.size() == 16 && iequals(field.name, "Content-Location"));
    if (location && rules.host == HostMode::kRewrite) {
      out.push_back({field.name, map_back(field.value, inbound, rules, scratch)});
    } else {
      out.push_back(field);
    }
  }
}

Result<RequestTarget> request_target(const RequestHead& head) {
  RequestTarget result;
  if (head.target.starts_with("/") || head.target == "*") {
    const Field* host = find_field(head.fields, "Host");
    if (host == nullptr || host->value.empty()) {
      const ErrorCode code =
          head.minor_version == 0 || host != nullptr ? ErrorCode::kInvalidHost : ErrorCode::kBadRequest;
      return ingress::fail(code, Side::kClient, "the request names no host");
    }
    result.host = host->value;
    result.target = head.target;
    return result;
  }
  Url url;
  if (!split_url(head.target, url) || url.authority.find('@') != std::string_view::npos) {
    return ingress::fail(ErrorCode::kBadRequest, Side::kClient, "the request target is malformed");
  }
  result.host = url.authority;
  result.target = url.rest.empty() ? "/" : url.rest;
  if (result.target.front() != '/') {
    return ingress::fail(ErrorCode::kBadRequest, Side::kClient, "an absolute target without a path");
  }
  return result;
}

}  // namespace ingress::http
