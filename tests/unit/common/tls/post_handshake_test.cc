#include "common/tls/post_handshake.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ingress;
using ingress::tls::Alert;
using ingress::tls::PostHandshake;

namespace {

using Octets = std::vector<uint8_t>;

Octets ticket(size_t size) {
  Octets message{4, 0, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)};
  message.resize(message.size() + size, 0xAA);
  return message;
}

const Octets kUpdate{24, 0, 0, 1, 0};
const Octets kUpdateRequest{24, 0, 0, 1, 1};

}  // namespace

TEST_CASE("tickets are passed over by a client, whole, in pieces and several at once") {
  PostHandshake messages(true);
  Octets two = ticket(300);
  const Octets second = ticket(20);
  two.insert(two.end(), second.begin(), second.end());
  CHECK_FALSE(messages.take(two).alert);
  CHECK_FALSE(messages.within_message());
  for (size_t i = 0; i < two.size(); ++i) {
    CHECK_FALSE(messages.take(Bytes(two).subspan(i, 1)).alert);
    CHECK(messages.within_message() == (i != 303 && i != two.size() - 1));
  }
}

TEST_CASE("a server is sent no ticket") {
  PostHandshake messages(false);
  CHECK(messages.take(ticket(20)).alert == Alert::kUnexpectedMessage);
}

TEST_CASE("a KeyUpdate says whether it asks for one") {
  for (const bool is_client : {true, false}) {
    PostHandshake messages(is_client);
    CHECK(messages.take(kUpdate).new_keys);
    CHECK_FALSE(messages.take(kUpdate).asks_for_new_keys);
    const PostHandshake::Outcome outcome = messages.take(kUpdateRequest);
    CHECK(outcome.new_keys);
    CHECK(outcome.asks_for_new_keys);
  }
}

TEST_CASE("a KeyUpdate that comes one byte at a time is taken at its last") {
  PostHandshake messages(false);
  for (size_t i = 0; i < kUpdate.size(); ++i) {
    CHECK(messages.take(Bytes(kUpdate).subspan(i, 1)).new_keys == (i == 4));
  }
}

TEST_CASE("what a KeyUpdate may not be is refused") {
  CHECK(PostHandshake(false).take(Octets{24, 0, 0, 1, 2}).alert == Alert::kIllegalParameter);
  CHECK(PostHandshake(false).take(Octets{24, 0, 0, 2, 0, 0}).alert == Alert::kDecodeError);
  CHECK(PostHandshake(false).take(Octets{24, 0, 0, 0}).alert == Alert::kDecodeError);
  CHECK(PostHandshake(false).take(Octets{24, 0, 0, 1, 0, 24}).alert == Alert::kUnexpectedMessage);
}

TEST_CASE("other messages after the handshake are refused") {
  for (const uint8_t type : {0, 1, 2, 8, 11, 13, 15, 20, 25, 254}) {
    CAPTURE(type);
    CHECK(PostHandshake(true).take(Octets{type, 0, 0, 1}).alert == Alert::kUnexpectedMessage);
  }
}
