// The first bytes of a connection, as several loops look at them to find its machine's: never a crash, and once bytes
// have said something, more of them say the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/http/host_peek.h"
#include "common/tls/client_hello.h"

namespace {

using namespace ingress;

void expect(bool holds) {
  if (!holds) std::abort();
}

template <class Look>
void check(Look look, Bytes bytes, size_t most) {
  const Peek whole = look(bytes);
  expect((whole.state == Peek::State::kFound) == !whole.host.empty());
  expect(whole.state != Peek::State::kMore || bytes.size() < most);
  expect(whole.host.size() < most);
  // Some of the splits, the first bytes' among them.
  const size_t step = bytes.size() / 16 + 1;
  for (size_t count = 0; count <= bytes.size(); count += count < 16 ? 1 : step) {
    const Peek part = look(bytes.first(count));
    if (part.state == Peek::State::kMore) continue;
    expect(part.state == whole.state && part.host == whole.host);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);
  check(tls::peek_server_name, bytes, tls::kMaxClientHelloBytes);
  check(http::peek_host, bytes, http::kMaxPeekBytes);
  return 0;
}
