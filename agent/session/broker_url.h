// Where the broker is: https://HOST[:PORT].
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ingress::agent {

struct BrokerUrl {
  std::string host;  // a name, or an address without brackets
  int port = 443;

  // "host:port" as CONNECT and Host want it: an IPv6 address in brackets, the port always there.
  std::string authority() const;

  // Only https, no path but "/", no user, no query: the sentence says what is wrong.
  static tl::expected<BrokerUrl, std::string> parse(std::string_view text);
};

// "host:port", an IPv6 address in brackets.
std::string authority_of(const std::string& host, int port);

// Splits "host", "host:port", "[v6]" or "[v6]:port"; false where it is none of these. `port` stays where none is named.
bool split_host_port(std::string_view text, std::string& host, int& port);

}  // namespace ingress::agent
