// The header of the PROXY protocol, version 1 or 2, with which a proxy in front says whose connection it passes on
// (HAProxy's doc/proxy-protocol.txt, 2024). No I/O: the caller keeps what has come and gives it again with more behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/bytes.h"

namespace ingress::proxies {

// A longer header is refused. Of version 1 the longest has 107 bytes; TLVs of version 2 may take the rest.
inline constexpr size_t kMaxProxyHeaderBytes = size_t{4} * 1024;

struct ProxyHeader {
  enum class State : uint8_t {
    kMore,  // not whole: come again with these bytes and more
    kGood,
    kBad,  // `problem` says why
  };

  State state = State::kBad;
  size_t size = 0;  // kGood: what follows these bytes is the connection's own
  // The client, where the header names one. Empty for LOCAL, UNKNOWN and an unspecified family: then it is who
  // connected.
  std::string client_ip;
  int client_port = 0;
  const char* problem = "";  // static text
};

// `begun`: all that has come, from the connection's first byte on. TCP over IPv4 and IPv6 only: Unix sockets and
// datagrams are kBad. A CRC32c that the header has is checked.
ProxyHeader read_proxy_header(Bytes begun);

}  // namespace ingress::proxies
