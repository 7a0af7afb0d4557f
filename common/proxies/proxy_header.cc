#include "common/proxies/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "common/base/address_block.h"
#include "common/proxies/proxy_tlvs.h"

namespace ingress::proxies {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kTextMark = "PROXY ";
constexpr std::string_view kBinaryMark("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kMostTextBytes = 107;
constexpr size_t kBinaryFixedBytes = 16;

ProxyHeader bad(const char* problem) {
  ProxyHeader header;
  header.problem = problem;
  return header;
}

ProxyHeader more() {
  ProxyHeader header;
  header.state = State::kMore;
  return header;
}

ProxyHeader good(size_t size) {
  ProxyHeader header;
  header.state = State::kGood;
  header.size = size;
  return header;
}

// The next word and the one space behind it; "" where there is none.
std::string_view next_word(std::string_view& rest) {
  const size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
  return word;
}

// Decimal, without sign or leading zero; -1 for anything else.
int port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  const bool plain = !text.empty() && text.front() != '-' && (text.front() != '0' || text.size() == 1);
  return whole && plain && port <= 65535 ? port : -1;
}

bool is_address(std::string_view text, bool v6) {
  return (text.find(':') != std::string_view::npos) == v6 && IpAddress::parse(text).has_value();
}

std::string canonical(int family, const void* bytes) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, bytes, text, sizeof text) == nullptr ? std::string() : std::string(text);
}

// The same form that the kernel's addresses have; an IPv4 address inside IPv6 is an IPv4 address.
std::string client_text(const IpAddress& address) {
  const uint8_t* const bytes = address.bytes().data();
  const bool v4 = address.within(*IpAddress::parse("::ffff:0.0.0.0"), IpAddress::kIpv4Prefix);
  return v4 ? canonical(AF_INET, bytes + 12) : canonical(AF_INET6, bytes);
}

ProxyHeader read_text_line(std::string_view line, size_t size) {
  std::string_view rest = line.substr(kTextMark.size());
  const std::string_view protocol = next_word(rest);
  if (protocol == "UNKNOWN") return good(size);  // what else the line has is not looked at
  const bool v6 = protocol == "TCP6";
  if (!v6 && protocol != "TCP4") return bad("another protocol than TCP4, TCP6 or UNKNOWN");
  const std::string_view source = next_word(rest);
  const std::string_view destination = next_word(rest);
  const int source_port = port_of(next_word(rest));
  const int destination_port = port_of(rest);
  if (!is_address(source, v6) || !is_address(destination, v6)) return bad("a malformed address");
  if (source_port < 0 || destination_port < 0) return bad("a malformed port");
  ProxyHeader header = good(size);
  header.client_ip = client_text(*IpAddress::parse(source));
  header.client_port = source_port;
  return header;
}

ProxyHeader read_text(std::string_view text) {
  const size_t end = text.substr(0, kMostTextBytes).find('\n');
  if (end == std::string_view::npos) return text.size() < kMostTextBytes ? more() : bad("a line without an end");
  if (text[end - 1] != '\r') return bad("a line that ends without CR");
  return read_text_line(text.substr(0, end - 1), end + 1);
}

// Family and transport, the header's 14th byte.
enum Transport : uint8_t { kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21 };

ProxyHeader with_client(Bytes whole, bool v6) {
  const size_t address_bytes = v6 ? 16 : 4;
  const size_t block = 2 * address_bytes + 4;
  const Bytes addresses = whole.subspan(kBinaryFixedBytes);
  if (addresses.size() < block) return bad("addresses that are cut short");
  if (const char* problem = check_tlvs(whole, kBinaryFixedBytes + block)) return bad(problem);
  ProxyHeader header = good(whole.size());
  if (v6) {
    const std::string text = canonical(AF_INET6, addresses.data());
    header.client_ip = client_text(*IpAddress::parse(text));
  } else {
    header.client_ip = canonical(AF_INET, addresses.data());
  }
  header.client_port = static_cast<int>(get_u16(addresses.data() + 2 * address_bytes));
  return header;
}

ProxyHeader read_binary(Bytes begun) {
  if (begun.size() < kBinaryFixedBytes) return more();
  constexpr uint8_t kLocal = 0x20;
  constexpr uint8_t kProxy = 0x21;
  const uint8_t command = begun[12];
  if (command != kLocal && command != kProxy) return bad("another version than 2, or an unknown command");
  const size_t size = kBinaryFixedBytes + get_u16(begun.data() + 14);
  if (size > kMaxProxyHeaderBytes) return bad("a header that is too long");
  const uint8_t transport = begun[13];
  const bool named = command == kProxy && transport != kUnspecified;
  if (named && transport != kTcp4 && transport != kTcp6) return bad("another transport than TCP over IPv4 or IPv6");
  if (begun.size() < size) return more();
  return named ? with_client(begun.first(size), transport == kTcp6) : good(size);
}

}  // namespace

ProxyHeader read_proxy_header(Bytes begun) {
  const std::string_view text = as_text(begun);
  const auto begins_as = [text](std::string_view mark) {
    const size_t seen = std::min(text.size(), mark.size());
    return text.substr(0, seen) == mark.substr(0, seen);
  };
  if (begins_as(kBinaryMark)) return read_binary(begun);
  if (!begins_as(kTextMark)) return bad("no PROXY header");
  return text.size() < kTextMark.size() ? more() : read_text(text);
}

}  // namespace ingress::proxies
