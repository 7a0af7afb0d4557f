#include "common/http/authority.h"

#include <charconv>

#include "common/base/byte_block.h"
#include "common/http/chars.h"
#include "common/http/head.h"

namespace ingress::http {
namespace {

constexpr int kMostPort = 65535;

// What most hosts are made of.
constexpr auto kCommon = [](ByteBlock block) {
  return is_alphanumeric(block) | in_range(block, '-', '.') | is_byte(block, '_');
};

size_t name_bytes(std::string_view text) {
  size_t size = leading_bytes(text, kCommon);
  while (size < text.size() && is(text[size], kHostChar)) ++size;
  return size;
}

// Bytes of the host at the begin of `text`; npos where it is malformed.
size_t host_bytes(std::string_view text) {
  if (text.empty() || text.front() != '[') return name_bytes(text);
  const size_t end = text.find(']');
  if (end == std::string_view::npos || end < 3) return std::string_view::npos;
  for (const char c : text.substr(1, end - 1)) {
    if (hex_value(c) < 0 && c != ':' && c != '.') return std::string_view::npos;
  }
  return end + 1;
}

// From behind its two slashes on.
std::optional<HttpUrl> parse_from_authority(std::string_view text, bool tls) {
  HttpUrl url;
  url.tls = tls;
  const size_t end = text.find_first_of("/?#");
  url.authority = text.substr(0, end);
  if (end != std::string_view::npos) url.rest = text.substr(end);
  const std::optional<Authority> parts = parse_authority(url.authority);
  if (!parts) return std::nullopt;
  url.parts = *parts;
  return url;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const size_t host = host_bytes(text);
  if (host == std::string_view::npos) return std::nullopt;
  Authority authority{text.substr(0, host)};
  std::string_view port = text.substr(host);
  if (port.empty()) return authority;
  if (port.front() != ':') return std::nullopt;
  port.remove_prefix(1);
  if (port.empty()) return authority;
  const char* end = port.data() + port.size();
  if (!all_are(port, kDigitChar)) return std::nullopt;
  const auto parsed = std::from_chars(port.data(), end, authority.port);
  if (parsed.ec != std::errc{} || authority.port > kMostPort) return std::nullopt;
  return authority;
}

std::optional<HttpUrl> parse_http_url(std::string_view text) {
  constexpr std::string_view kClear = "http://";
  constexpr std::string_view kTls = "https://";
  if (iequals(text.substr(0, kTls.size()), kTls)) return parse_from_authority(text.substr(kTls.size()), true);
  if (iequals(text.substr(0, kClear.size()), kClear)) return parse_from_authority(text.substr(kClear.size()), false);
  return std::nullopt;
}

std::optional<HttpUrl> parse_http_reference(std::string_view text, bool tls) {
  return text.starts_with("//") ? parse_from_authority(text.substr(2), tls) : parse_http_url(text);
}

int port_or_default(const Authority& authority, bool tls) {
  if (authority.port != 0) return authority.port;
  return tls ? 443 : 80;
}

}  // namespace ingress::http
