#include "agent/session/broker_url.h"

#include <charconv>

#include "common/base/address_block.h"
#include "common/base/names.h"
#include "common/http/head.h"

namespace ingress::agent {
namespace {

constexpr std::string_view kScheme = "https://";

bool is_ipv6(std::string_view text) { return text.find(':') != std::string_view::npos && IpAddress::parse(text); }

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
  if (bracketed ? !is_ipv6(name) : !host_form(name)) return false;
  if (!rest.empty() && (rest.front() != ':' || !parse_port(rest.substr(1), port))) return false;
  host = name;
  return true;
}

std::string authority_of(const std::string& host, int port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string BrokerUrl::authority() const { return authority_of(host, port); }

tl::expected<BrokerUrl, std::string> BrokerUrl::parse(std::string_view text) {
  if (!http::iequals(text.substr(0, kScheme.size()), kScheme)) return refuse(text, "it must begin with https://");
  std::string_view authority = text.substr(kScheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find_first_of("/?#@") != std::string_view::npos)
    return refuse(text, "only a host and a port may follow");
  BrokerUrl url;
  if (!split_host_port(authority, url.host, url.port)) return refuse(text, "the host or the port is malformed");
  return url;
}

}  // namespace ingress::agent
