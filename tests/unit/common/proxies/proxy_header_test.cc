#include "common/proxies/proxy_header.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;
using namespace ingress::proxies;

namespace {

using State = ProxyHeader::State;

const std::string kMark("\r\n\r\n\0\r\nQUIT\n", 12);

ProxyHeader read(std::string_view text) { return read_proxy_header(as_bytes(text)); }

std::string binary(uint8_t command, uint8_t transport, const std::string& rest) {
  std::string header = kMark;
  header += static_cast<char>(command);
  header += static_cast<char>(transport);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size());
  return header + rest;
}

// 192.0.2.7:4660 → 198.51.100.1:443
const std::string kIpv4("\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x34\x01\xbb", 12);
// [2001:db8::7]:4660 → [2001:db8::1]:443
const std::string kIpv6 = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 16) +
                          std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16) + "\x12\x34\x01\xbb";

// Its bytes one at a time, with more behind: whole with its last one and not before.
void check_good(const std::string& header, const std::string& ip, int port) {
  const std::string all = header + "GET / HTTP/1.1\r\n";
  for (size_t count = 0; count < header.size(); ++count) {
    REQUIRE_MESSAGE(read(all.substr(0, count)).state == State::kMore, count);
  }
  for (size_t count = header.size(); count <= all.size(); ++count) {
    const ProxyHeader found = read(all.substr(0, count));
    REQUIRE_MESSAGE(found.state == State::kGood, found.problem);
    CHECK(found.size == header.size());
    CHECK(found.client_ip == ip);
    CHECK(found.client_port == port);
  }
}

void check_bad(const std::string& header) {
  const ProxyHeader found = read(header);
  CHECK_MESSAGE(found.state == State::kBad, header);
  CHECK(std::string_view(found.problem) != "");
}

}  // namespace

TEST_CASE("version 1 names the client") {
  check_good("PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\r\n", "192.0.2.7", 4660);
  check_good("PROXY TCP6 2001:db8::7 2001:db8::1 4660 443\r\n", "2001:db8::7", 4660);
  check_good("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 0 65535\r\n", "192.0.2.7", 0);
  check_good("PROXY TCP6 2001:0DB8:0:0:0:0:0:0007 ::1 1 2\r\n", "2001:db8::7", 1);
}

TEST_CASE("version 1 may not know the client") {
  check_good("PROXY UNKNOWN\r\n", "", 0);
  check_good("PROXY UNKNOWN ffff:f:f:f:f:f:f:f ffff:f:f:f:f:f:f:f 65535 65535\r\n", "", 0);
}

TEST_CASE("a line of version 1 that is not to the letter is refused") {
  check_bad("PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\n");
  check_bad("PROXY  TCP4 192.0.2.7 198.51.100.1 4660 443\r\n");
  check_bad("PROXY TCP4 192.0.2.7 198.51.100.1 4660 443 \r\n");
  check_bad("PROXY TCP4 192.0.2.7 198.51.100.1 4660\r\n");
  check_bad("PROXY TCP4 192.0.2.7 198.51.100.1 04660 443\r\n");
  check_bad("PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n");
  check_bad("PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n");
  check_bad("PROXY TCP4 192.0.2.7 198.51.100.1 1 4 43\r\n");
  check_bad("PROXY TCP4 2001:db8::7 198.51.100.1 4660 443\r\n");
  check_bad("PROXY TCP6 192.0.2.7 198.51.100.1 4660 443\r\n");
  check_bad("PROXY TCP4 192.0.2.700 198.51.100.1 4660 443\r\n");
  check_bad("PROXY TCP4 192.0.2.7 name 4660 443\r\n");
  check_bad("PROXY UDP4 192.0.2.7 198.51.100.1 4660 443\r\n");
  check_bad("PROXY \r\n");
  check_bad("proxy TCP4 192.0.2.7 198.51.100.1 4660 443\r\n");
}

TEST_CASE("a line of version 1 ends within 107 bytes") {
  const std::string start = "PROXY UNKNOWN ";
  check_good(start + std::string(107 - start.size() - 2, 'x') + "\r\n", "", 0);
  CHECK(read(start + std::string(106 - start.size(), 'x')).state == State::kMore);
  check_bad(start + std::string(107 - start.size(), 'x'));
  check_bad(start + std::string(107 - start.size() - 1, 'x') + "\r\n");
}

TEST_CASE("version 2 names the client") {
  check_good(binary(0x21, 0x11, kIpv4), "192.0.2.7", 4660);
  check_good(binary(0x21, 0x21, kIpv6), "2001:db8::7", 4660);
}

TEST_CASE("version 2 of a health check or of an unspecified family names nobody") {
  check_good(binary(0x20, 0x00, ""), "", 0);
  check_good(binary(0x20, 0x11, kIpv4), "", 0);
  check_good(binary(0x20, 0x31, std::string(216, 'x')), "", 0);
  check_good(binary(0x21, 0x00, "whatever"), "", 0);
}

TEST_CASE("version 2 may have TLVs behind the addresses") {
  const std::string noop("\x04\x00\x03xyz", 6);
  const std::string authority("\x02\x00\x09localhost", 12);
  check_good(binary(0x21, 0x11, kIpv4 + noop + authority), "192.0.2.7", 4660);
  check_good(binary(0x21, 0x21, kIpv6 + std::string("\x04\x00\x00", 3)), "2001:db8::7", 4660);
  check_bad(binary(0x21, 0x11, kIpv4 + "\x04"));
  check_bad(binary(0x21, 0x11, kIpv4 + std::string("\x04\x00\x04xyz", 6)));
}

TEST_CASE("a checksum of version 2 is held against the header") {
  // Made by another program; of "123456789" it makes 0xe3069283.
  const std::string head("\x03\x00\x04", 3);
  const std::string sum("\x82\x61\x6f\x8c", 4);
  check_good(binary(0x21, 0x11, kIpv4 + head + sum), "192.0.2.7", 4660);
  check_bad(binary(0x21, 0x11, kIpv4 + head + std::string("\x82\x61\x6f\x8d", 4)));
  check_bad(binary(0x21, 0x11, kIpv4 + head + sum + head + sum));
  check_bad(binary(0x21, 0x11, kIpv4 + std::string("\x03\x00\x02\x01\x02", 5)));
}

TEST_CASE("version 2 of anything but TCP over IP is refused") {
  check_bad(binary(0x21, 0x31, std::string(216, 'x')));  // Unix
  check_bad(binary(0x21, 0x32, std::string(216, 'x')));
  check_bad(binary(0x21, 0x12, kIpv4));  // UDP
  check_bad(binary(0x21, 0x22, kIpv6));
  check_bad(binary(0x21, 0x41, kIpv4));
  check_bad(binary(0x11, 0x11, kIpv4));  // version 1
  check_bad(binary(0x22, 0x11, kIpv4));  // no such command
  check_bad(binary(0x21, 0x11, kIpv4.substr(1)));
  check_bad(binary(0x21, 0x21, kIpv4));
}

TEST_CASE("a header of version 2 has 4 KiB at most") {
  const size_t room = kMaxProxyHeaderBytes - 16 - kIpv4.size() - 3;
  const auto padded = [](size_t size) {
    std::string tlv("\x04", 1);
    tlv += static_cast<char>(size >> 8);
    tlv += static_cast<char>(size);
    return binary(0x21, 0x11, kIpv4 + tlv + std::string(size, 'p'));
  };
  CHECK(read(padded(room)).state == State::kGood);
  check_bad(padded(room + 1));
  check_bad(padded(room + 1).substr(0, 16));  // before it is waited for
}

TEST_CASE("what begins otherwise is refused with its first byte that differs") {
  check_bad("G");
  check_bad("\x16\x03\x01");
  check_bad("PROXI");
  check_bad("\r\n\r\nX");
  CHECK(read("").state == State::kMore);
}
