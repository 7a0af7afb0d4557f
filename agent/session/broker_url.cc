#include "agent/session/broker_url.h"

#include <charconv>

namespace ingress::agent {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr size_t kMaxNameBytes = 253;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_address_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  for (const char c : text) {
    if (!predicate(c)) return false;
  }
  return !text.empty() && text.size() <= kMaxNameBytes;
}

bool parse_port(std::string_view text, int& port) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > 65535) return false;
  port = value;
  return true;
}

tl::unexpected<std::string> refuse(std::string_view text, std::string_view why) {
  return tl::unexpected<std::string>("'" + std::string(text) +
                                     "' is no broker URL such as https://broker.example.com: " + std::string(why));
}

}  // namespace

bool split_host_port(std::string_view text, std::string& host, int& port) {
  std::string_view name = text;
  std::string_view rest;
  const bool bracketed = text.starts_with('[');
  if (bracketed) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    name = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    name = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (bracketed ? !all_of(name, is_address_byte) : !all_of(name, is_name_byte)) return false;
  if (!rest.empty() && (rest.front() != ':' || !parse_port(rest.substr(1), port))) return false;
  host = name;
  return true;
}

std::string BrokerUrl::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

tl::expected<BrokerUrl, std::string> BrokerUrl::parse(std::string_view text) {
  if (!text.starts_with(kScheme)) return refuse(text, "it must begin with https://");
  std::string_view authority = text.substr(kScheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find_first_of("/?#@") != std::string_view::npos)
    return refuse(text, "only a host and a port may follow");
  BrokerUrl url;
  if (!split_host_port(authority, url.host, url.port)) return refuse(text, "the host or the port is malformed");
  return url;
}

}  // namespace ingress::agent
