#include "common/http/message_facts.h"

#include "common/http/chars.h"
#include "common/http/list.h"

namespace ingress::http {
namespace {

// Far beyond any body, and far enough from the type's range that nothing overflows on the way.
constexpr uint64_t kMostLength = UINT64_MAX / 20;

bool parse_length(std::string_view text, uint64_t& length) {
  length = 0;
  for (const char c : text) {
    if (!is(c, kDigitChar)) return false;
    length = length * 10 + static_cast<uint64_t>(c - '0');
    if (length > kMostLength) return false;
  }
  return !text.empty();
}

Fault read_content_length(std::string_view value, MessageFacts& facts) {
  if (facts.has_content_length) return {"more than one Content-Length"};
  facts.has_content_length = true;
  if (!parse_length(value, facts.content_length)) return {"a malformed Content-Length"};
  return {};
}

Fault read_transfer_encoding(std::string_view value, MessageFacts& facts) {
  if (facts.chunked || !iequals(value, "chunked")) return {"a Transfer-Encoding but chunked"};
  facts.chunked = true;
  return {};
}

Fault read_connection(std::string_view value, MessageFacts& facts) {
  ListElements elements(value);
  std::string_view option;
  while (elements.next(option)) {
    if (++facts.connection_options > kMostConnectionOptions) return {"too many options in Connection"};
    if (iequals(option, "close")) facts.close = true;
    if (iequals(option, "keep-alive")) facts.keep_alive = true;
    if (iequals(option, "upgrade")) facts.names_upgrade = true;
  }
  return {};
}

void read_upgrade(std::string_view value, MessageFacts& facts) {
  ListElements elements(value);
  std::string_view protocol;
  while (elements.next(protocol)) {
    if (protocol.empty()) continue;
    facts.has_upgrade = true;
    if (!is_h2c(protocol)) facts.offers_upgrade = true;
  }
}

Fault read_field(const Field& field, MessageFacts& facts) {
  switch (field.name.size()) {
    case 4:
      if (!iequals(field.name, "Host")) break;
      ++facts.host_count;
      facts.host = field.value;
      break;
    case 7:
      if (iequals(field.name, "Upgrade")) read_upgrade(field.value, facts);
      break;
    case 10:
      if (iequals(field.name, "Connection")) return read_connection(field.value, facts);
      break;
    case 14:
      if (iequals(field.name, "Content-Length")) return read_content_length(field.value, facts);
      break;
    case 17:
      if (iequals(field.name, "Transfer-Encoding")) return read_transfer_encoding(field.value, facts);
      break;
    default:
      break;
  }
  return {};
}

}  // namespace

Fault read_facts(const Fields& fields, uint8_t minor_version, MessageFacts& facts) {
  for (const Field& field : fields) {
    if (const Fault fault = read_field(field, facts)) return fault;
  }
  if (facts.chunked && facts.has_content_length) return {"both Content-Length and Transfer-Encoding"};
  if (facts.chunked && minor_version == 0) return {"Transfer-Encoding in HTTP/1.0"};
  return {};
}

bool is_h2c(std::string_view protocol) { return iequals(protocol.substr(0, protocol.find('/')), "h2c"); }

bool stays_open(const MessageFacts& facts, uint8_t minor_version) {
  return !facts.close && (minor_version >= 1 || facts.keep_alive);
}

}  // namespace ingress::http
