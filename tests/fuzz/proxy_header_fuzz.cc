// The header that a proxy in front sends, and the list of addresses in X-Forwarded-For: never a crash, the same answer
// however the bytes are split, and clients that are addresses.
#include <cstdint>
#include <cstdlib>

#include "common/base/address_block.h"
#include "common/proxies/proxy_header.h"
#include "common/proxies/trusted_proxies.h"

namespace {

using namespace ingress;
using State = proxies::ProxyHeader::State;

void expect(bool holds) {
  if (!holds) std::abort();
}

void check_header(Bytes bytes) {
  const proxies::ProxyHeader whole = proxies::read_proxy_header(bytes);
  expect(whole.state != State::kMore || bytes.size() < proxies::kMaxProxyHeaderBytes);
  expect(whole.state != State::kGood || (whole.size > 0 && whole.size <= bytes.size()));
  expect(whole.client_ip.empty() || IpAddress::parse(whole.client_ip).has_value());
  expect((whole.state == State::kBad) == (*whole.problem != 0));
  const size_t step = bytes.size() / 64 + 1;
  for (size_t count = 0; count <= bytes.size(); count += count < 128 ? 1 : step) {
    const proxies::ProxyHeader part = proxies::read_proxy_header(bytes.first(count));
    if (part.state == State::kMore) continue;
    expect(part.state == whole.state && part.size == whole.size && part.client_ip == whole.client_ip);
    expect(part.client_port == whole.client_port);
  }
}

void check_list(std::string_view list) {
  static const proxies::TrustedProxies trusted = *proxies::TrustedProxies::make({"10.0.0.0/8", "fd00::/8"});
  const std::string_view client = trusted.client_behind("10.0.0.1", list);
  expect(IpAddress::parse(client).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);
  check_header(bytes);
  check_list(as_text(bytes));
  return 0;
}
