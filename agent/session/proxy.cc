#include "agent/session/proxy.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstdlib>

#include "common/base/hex.h"
#include "common/base/trim.h"
#include "common/http/head.h"

namespace ingress::agent {
namespace {

std::string variable(const char* lower, const char* upper) {
  for (const char* name : {lower, upper}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

std::string percent_decoded(std::string_view text) {
  constexpr unsigned kNoDigit = 16;
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) < kNoDigit && hex_digit(text[i + 2]) < kNoDigit;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

// RFC 7617, 2: a user-id, a colon and a password, which may be empty. Of what stands before the @.
std::string credentials_of(std::string_view user_info) {
  const bool has_password = user_info.find(':') != std::string_view::npos;
  return percent_decoded(user_info) + (has_password ? "" : ":");
}

std::string base64(std::string_view text) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < text.size() ? static_cast<uint8_t>(text[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) out += i + j <= text.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

// An address as bytes: 4 or 16 of them, 0 for a name.
struct IpBytes {
  std::array<uint8_t, 16> bytes{};
  size_t size = 0;
};

IpBytes ip_bytes(std::string_view text) {
  IpBytes ip;
  const std::string terminated(text);
  if (inet_pton(AF_INET, terminated.c_str(), ip.bytes.data()) == 1) {
    ip.size = 4;
  } else if (inet_pton(AF_INET6, terminated.c_str(), ip.bytes.data()) == 1) {
    ip.size = 16;
  }
  return ip;
}

bool in_block(const IpBytes& ip, std::string_view block) {
  const size_t slash = block.find('/');
  const IpBytes network = ip_bytes(block.substr(0, slash));
  if (ip.size == 0 || network.size != ip.size) return false;
  size_t bits = ip.size * 8;
  if (slash != std::string_view::npos) {
    const std::string_view text = block.substr(slash + 1);
    size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > bits) return false;
    bits = value;
  }
  for (size_t i = 0; i < bits; ++i) {
    if (((ip.bytes[i / 8] ^ network.bytes[i / 8]) >> (7 - i % 8) & 1) != 0) return false;
  }
  return true;
}

// `host` is `domain` or lies under it; ASCII case is ignored.
bool is_under(std::string_view host, std::string_view domain) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (host.ends_with('.')) host.remove_suffix(1);
  if (domain.empty() || host.size() < domain.size()) return false;
  if (!http::iequals(host.substr(host.size() - domain.size()), domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

bool entry_matches(std::string_view entry, const BrokerUrl& broker, const IpBytes& ip) {
  if (entry == "*") return true;
  if (in_block(ip, entry)) return true;
  std::string name;
  int port = broker.port;
  const std::string_view plain = entry.starts_with('.') ? entry.substr(1) : entry;
  if (!split_host_port(plain, name, port) || port != broker.port) return false;
  return ip.size > 0 ? in_block(ip, name) : is_under(broker.host, name);
}

}  // namespace

ProxyEnvironment ProxyEnvironment::read() {
  return {variable("https_proxy", "HTTPS_PROXY"), variable("no_proxy", "NO_PROXY")};
}

bool is_exempt(std::string_view no_proxy, const BrokerUrl& broker) {
  const IpBytes ip = ip_bytes(broker.host);
  while (!no_proxy.empty()) {
    const size_t comma = no_proxy.find(',');
    const std::string_view entry = trim_blanks(no_proxy.substr(0, comma));
    if (!entry.empty() && entry_matches(entry, broker, ip)) return true;
    if (comma == std::string_view::npos) break;
    no_proxy.remove_prefix(comma + 1);
  }
  return false;
}

tl::expected<std::optional<Proxy>, std::string> choose_proxy(const ProxyEnvironment& environment,
                                                             const BrokerUrl& broker) {
  if (environment.https_proxy.empty() || is_exempt(environment.no_proxy, broker)) return std::nullopt;
  std::string_view text = environment.https_proxy;
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    if (!http::iequals(text.substr(0, scheme), "http")) {
      return tl::unexpected<std::string>("HTTPS_PROXY: only http:// proxies can be used, not " +
                                         std::string(text.substr(0, scheme)) + "://");
    }
    text.remove_prefix(scheme + 3);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  Proxy proxy;
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    proxy.authorization = "Basic " + base64(credentials_of(text.substr(0, at)));
    text.remove_prefix(at + 1);
  }
  // What stood before the @ is left out of the sentence: it holds a password.
  if (!split_host_port(text, proxy.host, proxy.port)) {
    return tl::unexpected<std::string>("HTTPS_PROXY: '" + std::string(text) + "' is no host:port");
  }
  return proxy;
}

std::string connect_request(const Proxy& proxy, const BrokerUrl& broker) {
  const std::string authority = broker.authority();
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!proxy.authorization.empty()) request += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  return request + "\r\n";
}

Result<bool> ConnectReply::receive(Bytes bytes) {
  const Result<bool> whole = head_.receive(bytes);
  if (!whole || !*whole) return whole;
  if (status() == 407) return fail(ErrorCode::kUnauthorized, Side::kTunnel, "the proxy wants other credentials (407)");
  if (status() < 200 || status() > 299) {
    return fail(ErrorCode::kConnectFailed, Side::kTunnel, "the proxy refused to connect to the broker");
  }
  if (head_.bytes_behind()) return fail(ErrorCode::kProtocol, Side::kTunnel, "bytes behind the proxy's answer");
  return true;
}

}  // namespace ingress::agent
