#include "broker/wake/wake_message.h"

#include <doctest/doctest.h>

#include "common/tls/digest.h"

using namespace ingress::broker;

TEST_CASE("the message names the machine, the host and the time, and signs its own body") {
  const WakeMessage message = wake_message("mach_1", "4096__misha.iterate.app", 1'764'430'782, "key");
  CHECK(message.body ==
        R"({"event":"wake","machine":"mach_1","host":"4096__misha.iterate.app","time":"2025-11-29T15:39:42Z"})");
  CHECK(message.timestamp == "1764430782");
  CHECK(message.signature == "sha256=" + ingress::tls::hmac_sha256_hex("key", "1764430782." + message.body));
  CHECK(message.signature != wake_message("mach_1", "4096__misha.iterate.app", 1'764'430'783, "key").signature);
  CHECK(message.signature != wake_message("mach_1", "4096__misha.iterate.app", 1'764'430'782, "other").signature);
}

TEST_CASE("a host with odd bytes cannot break the body") {
  CHECK(wake_message("m", "a\"b\\\xff\n", 0, "key").body ==
        R"({"event":"wake","machine":"m","host":"a\"b\\\ufffd\n","time":"1970-01-01T00:00:00Z"})");
}
