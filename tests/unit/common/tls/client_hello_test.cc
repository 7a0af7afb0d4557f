#include "common/tls/client_hello.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"

using namespace ingress;
using namespace ingress::tls;

namespace {

// What OpenSSL sends first.
std::vector<uint8_t> real_hello(const std::string& server_name) {
  const auto context = ClientContext::create("", {"h2", "http/1.1"});
  REQUIRE(context);
  const auto session = TlsSession::connect(**context, server_name);
  ByteBuffer out;
  REQUIRE(session->start(out));
  return {out.data(), out.data() + out.size()};
}

// The same handshake message, in records of `size` bytes.
std::vector<uint8_t> in_records(const std::vector<uint8_t>& hello, size_t size) {
  std::vector<uint8_t> out;
  for (size_t at = 5; at < hello.size(); at += size) {
    const size_t count = std::min(size, hello.size() - at);
    out.insert(out.end(), {22, 3, 1, static_cast<uint8_t>(count >> 8), static_cast<uint8_t>(count)});
    out.insert(out.end(), hello.begin() + static_cast<ptrdiff_t>(at),
               hello.begin() + static_cast<ptrdiff_t>(at + count));
  }
  return out;
}

// A ClientHello of those extensions alone, in one record.
std::vector<uint8_t> hello_with(const std::vector<uint8_t>& extensions) {
  std::vector<uint8_t> body(34, 7);
  body.insert(body.end(), {0, 0, 2, 0x13, 1, 1, 0});
  body.insert(body.end(), {static_cast<uint8_t>(extensions.size() >> 8), static_cast<uint8_t>(extensions.size())});
  body.insert(body.end(), extensions.begin(), extensions.end());
  std::vector<uint8_t> out = {22,
                              3,
                              1,
                              static_cast<uint8_t>((body.size() + 4) >> 8),
                              static_cast<uint8_t>(body.size() + 4),
                              1,
                              0,
                              static_cast<uint8_t>(body.size() >> 8),
                              static_cast<uint8_t>(body.size())};
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

Peek::State state_of(const std::vector<uint8_t>& bytes) { return peek_server_name(bytes).state; }

}  // namespace

TEST_CASE("the name of a real ClientHello is found with its last byte and not before, in records of any size") {
  const std::vector<uint8_t> hello = real_hello("4096__mach_1.machines.iterate.app");
  for (const size_t size : {size_t{1}, size_t{2}, size_t{7}, size_t{100}, hello.size()}) {
    const std::vector<uint8_t> bytes = in_records(hello, size);
    for (size_t count = 0; count < bytes.size(); ++count) {
      REQUIRE(peek_server_name(Bytes(bytes).first(count)).state == Peek::State::kMore);
    }
    const Peek peek = peek_server_name(bytes);
    CHECK(peek.state == Peek::State::kFound);
    CHECK(peek.host == "4096__mach_1.machines.iterate.app");
  }
}

TEST_CASE("what follows the ClientHello changes nothing") {
  std::vector<uint8_t> bytes = real_hello("a.example");
  bytes.insert(bytes.end(), {20, 3, 3, 0, 1, 1, 99, 99});
  CHECK(peek_server_name(bytes).host == "a.example");
}

TEST_CASE("a ClientHello without a name has none") {
  CHECK(state_of(real_hello("127.0.0.1")) == Peek::State::kNone);
  CHECK(state_of(hello_with({})) == Peek::State::kNone);
}

TEST_CASE("only a name of the kind host_name counts") {
  CHECK(peek_server_name(hello_with({0, 0, 0, 6, 0, 4, 0, 0, 1, 'a'})).host == "a");
  CHECK(peek_server_name(hello_with({0, 0, 0, 10, 0, 8, 9, 0, 1, 'x', 0, 0, 1, 'a'})).host == "a");
  CHECK(state_of(hello_with({0, 0, 0, 6, 0, 4, 9, 0, 1, 'x'})) == Peek::State::kNone);
  CHECK(state_of(hello_with({0, 0, 0, 5, 0, 3, 0, 0, 0})) == Peek::State::kNone);
}

TEST_CASE("lengths that run over their frame are no name") {
  CHECK(state_of(hello_with({0, 0, 0, 9, 0, 4, 0, 0, 1, 'a'})) == Peek::State::kNone);  // the extension
  CHECK(state_of(hello_with({0, 0, 0, 6, 0, 9, 0, 0, 1, 'a'})) == Peek::State::kNone);  // the list
  CHECK(state_of(hello_with({0, 0, 0, 6, 0, 4, 0, 0, 9, 'a'})) == Peek::State::kNone);  // the name
}

TEST_CASE("other bytes than a handshake's are told at their first one") {
  CHECK(state_of({'G'}) == Peek::State::kNone);
  CHECK(state_of({0x80}) == Peek::State::kNone);                        // SSLv2
  CHECK(state_of({22, 9}) == Peek::State::kNone);                       // no version of TLS
  CHECK(state_of({22, 3, 1, 0, 0}) == Peek::State::kNone);              // an empty record
  CHECK(state_of({22, 3, 1, 0x40, 1}) == Peek::State::kNone);           // a record over 16 KiB
  CHECK(state_of({22, 3, 1, 0, 4, 2}) == Peek::State::kNone);           // a ServerHello
  CHECK(state_of({22, 3, 1, 0, 4, 1, 1, 0, 0}) == Peek::State::kNone);  // 64 KiB of ClientHello
}

TEST_CASE("a ClientHello that does not end is waited for no longer than 16 KiB") {
  std::vector<uint8_t> bytes = {22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc};
  bytes.resize(kMaxClientHelloBytes - 1);
  CHECK(state_of(bytes) == Peek::State::kMore);
  bytes.push_back(0);
  CHECK(state_of(bytes) == Peek::State::kNone);
}
