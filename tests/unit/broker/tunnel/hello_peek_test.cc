#include "broker/tunnel/hello_peek.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "proto/tunnel.pb.h"

namespace ingress::broker {
namespace {

using State = HelloPeek::State;

std::vector<uint8_t> frame(tunnel::FrameType type, const std::string& payload, uint8_t flags = 0) {
  std::vector<uint8_t> bytes(tunnel::kFrameHeaderBytes);
  tunnel::write_frame_header(bytes.data(),
                             {static_cast<uint32_t>(payload.size()), static_cast<uint8_t>(type), flags, 0});
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

std::string hello() {
  iterate::tunnel::v1::Hello message;
  message.set_machine("mach_1");
  message.set_token("secret");
  message.add_versions(1);
  return message.SerializeAsString();
}

TEST_CASE("machine and token are told with a HELLO's last byte") {
  std::vector<uint8_t> bytes = frame(tunnel::FrameType::kHello, hello());
  HelloPeek peek;
  for (size_t i = 0; i + 1 < bytes.size(); ++i) REQUIRE(peek.take({bytes.data() + i, 1}) == State::kMore);
  CHECK(peek.take({bytes.data() + bytes.size() - 1, 1}) == State::kFound);
  CHECK(peek.machine() == "mach_1");
  CHECK(peek.token() == "secret");
}

TEST_CASE("a HELLO is found behind a frame that may be skipped, and before what follows it") {
  std::vector<uint8_t> bytes = frame(static_cast<tunnel::FrameType>(0x77), "xyz", tunnel::kFlagIgnorable);
  for (const std::string& payload : {hello(), std::string("more")}) {
    const std::vector<uint8_t> next = frame(tunnel::FrameType::kHello, payload);
    bytes.insert(bytes.end(), next.begin(), next.end());
  }
  HelloPeek peek;
  CHECK(peek.take(bytes) == State::kFound);
  CHECK(peek.machine() == "mach_1");
}

TEST_CASE("what does not begin with a HELLO that can be read names no machine") {
  for (std::vector<uint8_t> bytes :
       {frame(tunnel::FrameType::kPing, "12345678"), frame(tunnel::FrameType::kHello, "\xff\xff\xff"),
        std::vector<uint8_t>{0xff, 0xff, 0xff, 8, 0, 0, 0, 0, 0}}) {
    CHECK(HelloPeek().take(bytes) == State::kNone);
  }
}

}  // namespace
}  // namespace ingress::broker
