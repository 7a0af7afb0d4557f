#include "common/tls/traffic_secret.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/base/hex.h"
#include "common/tls/record_cipher.h"

using namespace ingress;
using namespace ingress::tls;

namespace {

std::vector<uint8_t> octets(std::string_view hex) {
  const std::string bytes = from_hex(hex).value();
  return {bytes.begin(), bytes.end()};
}

// RFC 8448, 3: the simple 1-RTT handshake.
const auto kClientSecret = octets("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
const auto kServerSecret = octets("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");

std::vector<uint8_t> expanded(const TrafficSecret& secret, std::string_view label, size_t size) {
  std::vector<uint8_t> bytes(size);
  REQUIRE(secret.expand(label, bytes));
  return bytes;
}

}  // namespace

TEST_CASE("keys are those of RFC 8448's trace") {
  const TrafficSecret client(*record_suite(0x1301), kClientSecret);
  CHECK(expanded(client, "key", 16) == octets("17422dda596ed5d9acd890e3c63f5051"));
  CHECK(expanded(client, "iv", 12) == octets("5b78923dee08579033e523d9"));
  const TrafficSecret server(*record_suite(0x1301), kServerSecret);
  CHECK(expanded(server, "key", 16) == octets("9f02283b6c9c07efc26bb9f2ac92e356"));
  CHECK(expanded(server, "iv", 12) == octets("cf782b88dd83549aadf1e984"));
}

TEST_CASE("a record is the one of RFC 8448's trace") {
  const auto key = octets("17422dda596ed5d9acd890e3c63f5051");
  const auto nonce = octets("5b78923dee08579033e523d9");
  const auto record = octets(
      "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2"
      "97"
      "7014bd1e3deae63aeebb21694915e4");
  std::vector<uint8_t> content(50);
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<uint8_t>(i);

  std::vector<uint8_t> sealed(content.size() + 1 + kTagBytes);
  REQUIRE(new_record_cipher("AES-128-GCM", key, true)->seal(nonce.data(), record.data(), content, 23, sealed.data()));
  CHECK(sealed == std::vector<uint8_t>(record.begin() + 5, record.end()));
  std::vector<uint8_t> opened(content.size() + 1);
  const auto opening = new_record_cipher("AES-128-GCM", key, false);
  REQUIRE(opening->open(nonce.data(), record.data(), sealed, opened.data()));
  CHECK(opened.back() == 23);
  opened.pop_back();
  CHECK(opened == content);
}

TEST_CASE("a secret steps to that of the next generation") {
  TrafficSecret secret(*record_suite(0x1302), std::vector<uint8_t>(48, 7));
  const auto before = expanded(secret, "key", 32);
  const auto announced = expanded(secret, "traffic upd", 48);
  REQUIRE(secret.step());
  CHECK(expanded(secret, "key", 32) != before);
  CHECK(expanded(secret, "key", 32) == expanded(TrafficSecret(*record_suite(0x1302), announced), "key", 32));
}

TEST_CASE("the suites that are not AES-GCM of TLS 1.3 are left to OpenSSL") {
  CHECK(record_suite(0x1301) != nullptr);
  CHECK(record_suite(0x1302) != nullptr);
  CHECK(record_suite(0x1303) == nullptr);
  CHECK(record_suite(0xC02B) == nullptr);
}
