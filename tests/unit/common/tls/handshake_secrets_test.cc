#include "common/tls/handshake_secrets.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace ingress;
using namespace ingress::tls;

TEST_CASE("the two secrets of application data are kept by their labels, and no other") {
  HandshakeSecrets secrets;
  const std::vector<uint8_t> sevens(32, 7);
  const std::vector<uint8_t> nines(32, 9);
  secrets.take("c hs traffic", sevens);
  CHECK(secrets.of_client().empty());
  secrets.take("c ap traffic", sevens);
  CHECK_FALSE(secrets.complete(32));
  secrets.take("s ap traffic", nines);
  CHECK(secrets.complete(32));
  CHECK_FALSE(secrets.complete(48));
  CHECK(std::equal(sevens.begin(), sevens.end(), secrets.of_client().begin(), secrets.of_client().end()));
  CHECK(secrets.of_server().front() == 9);
  secrets.wipe();
  CHECK(secrets.of_client().empty());
}

TEST_CASE("a secret longer than any suite has is none") {
  HandshakeSecrets secrets;
  secrets.take("c ap traffic", std::vector<uint8_t>(49, 1));
  CHECK(secrets.of_client().empty());
}

TEST_CASE("secrets are told to the handshake that goes on, and to nobody after it") {
  const std::vector<uint8_t> secret(48, 5);
  HandshakeSecrets secrets;
  {
    const ToldSecrets told(secrets);
    ToldSecrets::tell("c ap traffic", secret);
  }
  CHECK(secrets.of_client().size() == 48);
  ToldSecrets::tell("s ap traffic", secret);
  CHECK(secrets.of_server().empty());
}

TEST_CASE("records of application data are counted, and no others") {
  CHECK(count_sealed_records({}) == 0);
  const std::vector<uint8_t> flight{23, 3, 3, 0, 2, 9, 9, 20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 0, 22, 3, 3, 0, 0};
  CHECK(count_sealed_records(flight) == 2);
}
