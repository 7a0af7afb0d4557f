#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "agent/session/address_order.h"
#include "agent/session/reset_code.h"
#include "agent/session/response_fields.h"
#include "agent/session/sleep_watch.h"

using namespace ingress;
using namespace ingress::agent;

namespace {

uv::Address address(const char* ip) {
  uv::Address result;
  result.ip = ip;
  result.port = 443;
  return result;
}

std::string ips(const std::vector<uv::Address>& addresses) {
  std::string text;
  for (const uv::Address& each : addresses) text.append(text.empty() ? "" : " ").append(each.ip);
  return text;
}

std::string names(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) text.append(text.empty() ? "" : " ").append(field.name);
  return text;
}

std::string kept(const http::Fields& fields, int status = 200) {
  http::Fields out;
  end_to_end_fields(fields, status, out);
  return names(out);
}

}  // namespace

TEST_CASE("neighbouring slots begin with different addresses, however the resolver shuffles") {
  const std::vector<uv::Address> one = {address("192.0.2.2"), address("192.0.2.1"), address("192.0.2.3")};
  const std::vector<uv::Address> other = {address("192.0.2.3"), address("192.0.2.2"), address("192.0.2.1")};
  CHECK(ips(in_turn(one, 0)) == "192.0.2.1 192.0.2.2 192.0.2.3");
  CHECK(ips(in_turn(other, 1)) == "192.0.2.2 192.0.2.3 192.0.2.1");
  CHECK(ips(in_turn(one, 5)) == "192.0.2.3 192.0.2.1 192.0.2.2");
}

TEST_CASE("the family that the resolver prefers comes first, in every turn") {
  const std::vector<uv::Address> mixed = {address("2001:db8::2"), address("192.0.2.1"), address("2001:db8::1"),
                                          address("192.0.2.2")};
  CHECK(ips(in_turn(mixed, 1)) == "2001:db8::2 2001:db8::1 192.0.2.2 192.0.2.1");
  CHECK(in_turn({}, 3).empty());
  CHECK(ips(in_turn({address("::1")}, 7)) == "::1");
}

TEST_CASE(
    "an origin's code of HTTP/2 crosses the tunnel and comes out as it was; codes of a later version are internal") {
  for (int code = 1; code <= 255; ++code) {
    const Error error{ErrorCode::kHttp2Reset, Side::kOrigin, false, code, "reset"};
    const auto number = static_cast<uint32_t>(reset_code_of(error));
    CHECK(number == 256u + static_cast<uint32_t>(code));
    const Error told = tunnel::error_of(tunnel::reset_code_of(number));
    CHECK(http2_code_of(told) == code);
    CHECK(told.side == Side::kOrigin);
    CHECK_FALSE(told.retryable);
  }
  for (const uint32_t number : {11u, 255u, 512u, 0xffffffffu}) {
    CHECK(tunnel::reset_code_of(number) == tunnel::ResetCode::kInternal);
  }
  const Error closed{ErrorCode::kReset, Side::kOrigin, false, 0, "the origin broke off"};
  CHECK(reset_code_of(closed) == tunnel::ResetCode::kOriginClosed);
  CHECK(http2_code_of(tunnel::error_of(tunnel::ResetCode::kOriginClosed)) == 0);
}

TEST_CASE("a sleep is time of the boot clock that the monotonic one did not see, or a long stop") {
  SleepWatch watch;
  const auto mono = [](long long ms) { return Time(Duration(ms)); };
  CHECK_FALSE(watch.slept(mono(0), Duration{1000000}));
  CHECK_FALSE(watch.slept(mono(500), Duration{1000500}));
  CHECK_FALSE(watch.slept(mono(9000), Duration{1009500}));  // a late tick is no sleep
  CHECK(watch.slept(mono(9500), Duration{2000000}));
  CHECK_FALSE(watch.slept(mono(10000), Duration{2000500}));
  CHECK(watch.slept(mono(20000), Duration{2010500}));
  CHECK_FALSE(watch.slept(mono(20500), Duration{2011000}));
}

TEST_CASE("hop-by-hop fields stay behind and all others keep their order and case") {
  CHECK(kept({{"Date", "x"},
              {"Connection", "keep-alive"},
              {"X-A", "1"},
              {"Keep-Alive", "timeout=5"},
              {"Transfer-Encoding", "chunked"},
              {"x-a", "2"},
              {"Content-Length", "3"},
              {"Proxy-Connection", "x"}}) == "Date X-A x-a Content-Length");
}

TEST_CASE("what Connection names stays behind") {
  CHECK(kept({{"X-Hop", "1"}, {"Connection", "close, x-hop"}, {"X-End", "2"}}) == "X-End");
  CHECK(kept({{"Close", "1"}, {"Connection", "close"}}) == "Close");
}

TEST_CASE("Upgrade crosses with a 101 and a 426 and with nothing else") {
  const http::Fields fields = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", "x"}};
  CHECK(kept(fields, 101) == "Upgrade Sec-WebSocket-Accept");
  CHECK(kept(fields, 426) == "Upgrade Sec-WebSocket-Accept");
  CHECK(kept(fields) == "Sec-WebSocket-Accept");
  CHECK(kept({{"Upgrade", "a"}, {"Connection", "Upgrade, X-Hop"}, {"X-Hop", "b"}}, 101) == "Upgrade");
}
