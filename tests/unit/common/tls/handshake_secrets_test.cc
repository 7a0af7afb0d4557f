#include "common/tls/handshake_secrets.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ingress;
using namespace ingress::tls;

TEST_CASE("the two secrets of application data are read from the lines of a key log, and no other") {
  HandshakeSecrets secrets;
  const std::string random(64, 'a');
  secrets.take_line("CLIENT_HANDSHAKE_TRAFFIC_SECRET " + random + " " + std::string(64, '7'));
  CHECK(secrets.of_client().empty());
  secrets.take_line("CLIENT_TRAFFIC_SECRET_0 " + random + " " + std::string(62, '0') + "fA");
  CHECK_FALSE(secrets.complete(32));
  secrets.take_line("SERVER_TRAFFIC_SECRET_0 " + random + " " + std::string(64, '9'));
  CHECK(secrets.complete(32));
  CHECK_FALSE(secrets.complete(48));
  CHECK(secrets.of_client().size() == 32);
  CHECK(secrets.of_client().back() == 0xFA);
  CHECK(secrets.of_server().front() == 0x99);
  secrets.wipe();
  CHECK(secrets.of_client().empty());
}

TEST_CASE("a secret longer than any suite has is none") {
  HandshakeSecrets secrets;
  secrets.take_line("CLIENT_TRAFFIC_SECRET_0 aa " + std::string(98, '0'));
  secrets.take_line("SERVER_TRAFFIC_SECRET_0 aa " + std::string(31, '0'));
  CHECK(secrets.of_client().empty());
  CHECK(secrets.of_server().empty());
}

TEST_CASE("records of application data are counted, and no others") {
  CHECK(count_sealed_records({}) == 0);
  const std::vector<uint8_t> flight{23, 3, 3, 0, 2, 9, 9, 20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 0, 22, 3, 3, 0, 0};
  CHECK(count_sealed_records(flight) == 2);
}
