// Two record layers, one at each end, and records that no honest end would send.
#include "common/tls/record_layer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/common/tls/pattern.h"

using namespace ingress;
using namespace ingress::tls;
using ingress::test::pattern;

namespace {

using Octets = std::vector<uint8_t>;

const Octets kClientSecret(32, 0x11);
const Octets kServerSecret(32, 0x22);

// The layer of a server, and its peer's hand: records of any type, content and padding under the client's keys.
struct Fixture {
  explicit Fixture(uint64_t max_records_of_key = RecordLayer::kMaxRecordsOfKey) {
    layer = RecordLayer::create(suite, kClientSecret, kServerSecret, {false, 0, max_records_of_key}, input);
    peer = RecordLayer::create(suite, kServerSecret, kClientSecret, {true, 0, max_records_of_key}, peer_input);
    make_forging_keys();
  }

  void make_forging_keys() {
    Octets key(16);
    REQUIRE(forging.expand("key", key));
    REQUIRE(forging.expand("iv", iv));
    cipher = new_record_cipher("AES-128-GCM", key, true);
    sequence = 0;
  }

  // The peer's KeyUpdate, which asks for one.
  void ask_for_new_keys() {
    take(forge(22, {24, 0, 0, 1, 1}));
    REQUIRE(forging.step());
    make_forging_keys();
  }

  Octets forge(uint8_t type, Octets content, size_t padding = 0) {
    Octets record{23, 3, 3, 0, 0};
    const size_t size = content.size() + 1 + padding + kTagBytes;
    put_u16(record.data() + 3, static_cast<uint32_t>(size));
    record.resize(5 + size);
    uint8_t nonce[kNonceBytes];
    std::copy(iv.begin(), iv.end(), nonce);
    nonce[kNonceBytes - 1] ^= static_cast<uint8_t>(sequence++);
    uint8_t last = type;
    if (padding > 0) {
      content.push_back(type);
      content.resize(content.size() + padding - 1);
      last = 0;
    }
    REQUIRE(cipher->seal(nonce, record.data(), content, last, record.data() + 5));
    return record;
  }

  // Everything that the layer has to say to these bytes, given `step` at a time.
  void take(Bytes bytes, size_t step = 100'000, size_t room = 40'000) {
    while (!bytes.empty() && !failed) {
      const Bytes piece = bytes.first(std::min(step, bytes.size()));
      bytes = bytes.subspan(piece.size());
      const Octets dies(piece.begin(), piece.end());
      input.give(dies);
      read_all(room);
    }
  }

  void read_all(size_t room) {
    for (;;) {
      Octets plain(room);
      const Result<size_t> size = layer->read(plain, out);
      if (!size) failed = size.error();
      if (!size || *size == 0) return;
      received += as_text(Bytes(plain).first(*size));
    }
  }

  // The alert that the layer sent last, as its peer reads it: in OpenSSL's words, some of which had underscores
  // before 3.5.
  std::string alert() {
    peer_input.give(out.view());
    Octets plain(1000);
    ByteBuffer ignored;
    const Result<size_t> read = peer->read(plain, ignored);
    std::string words = read ? "none" : read.error().context;
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
  }

  const RecordSuite& suite = *record_suite(0x1301);
  BioMemory input;
  BioMemory peer_input;
  std::unique_ptr<RecordLayer> layer;
  std::unique_ptr<RecordLayer> peer;
  TrafficSecret forging{suite, kClientSecret};
  Octets iv = Octets(kNonceBytes);
  std::unique_ptr<RecordCipher> cipher;
  uint64_t sequence = 0;
  ByteBuffer out;
  std::string received;
  std::optional<Error> failed;
};

}  // namespace

TEST_CASE("data crosses in every mixture of pieces and rooms") {
  for (const size_t size : {0, 1, 100, 16'384, 16'385, 70'000}) {
    for (const size_t step : {1, 17, 5'000, 100'000}) {
      for (const size_t room : {1, 1'000, 16'385, 40'000}) {
        if (step * room < 1'000 && size > 20'000) continue;
        CAPTURE(size);
        CAPTURE(step);
        CAPTURE(room);
        Fixture fixture;
        ByteBuffer sent;
        const std::string text = pattern(size);
        REQUIRE(fixture.peer->write(as_bytes(text), sent));
        fixture.take(sent.view(), step, room);
        CHECK(fixture.received == text);
        CHECK_FALSE(fixture.input.unread());
        CHECK_FALSE(fixture.layer->pending());
      }
    }
  }
}

TEST_CASE("records that wait are read in their turn, whether their memory stays or not") {
  Fixture fixture;
  ByteBuffer sent;
  REQUIRE(fixture.peer->write(as_bytes(pattern(40'000)), sent));
  fixture.input.give(sent.view().first(20'000));
  uint8_t some[100];
  CHECK(fixture.layer->read(some, fixture.out) == 100);
  fixture.received = as_text(some);
  fixture.input.keep();
  fixture.input.give(sent.view().subspan(20'000));
  fixture.read_all(999);
  CHECK(fixture.received == pattern(40'000));
}

TEST_CASE("padding is taken off, and a record of nothing but padding is refused") {
  Fixture fixture;
  fixture.take(fixture.forge(23, {'a', 0, 'b', 0, 0}, 300));
  CHECK(fixture.received == std::string("a\0b\0\0", 5));
  fixture.take(fixture.forge(0, {}, 40));
  REQUIRE(fixture.failed);
  CHECK(fixture.alert() == "unexpected message");
}

TEST_CASE("a record with a bit that was turned ends the session with bad_record_mac") {
  // In the header's version, the content, the type and the tag.
  for (const size_t at : {2, 6, 10, 25}) {
    CAPTURE(at);
    Fixture fixture;
    Octets record = fixture.forge(23, {'h', 'e', 'l', 'l', 'o'});
    record[at] ^= 1;
    fixture.take(record);
    REQUIRE(fixture.failed);
    CHECK(fixture.received.empty());
    CHECK(fixture.alert() == "bad record mac");
  }
}

TEST_CASE("a record that is repeated does not verify") {
  Fixture fixture;
  const Octets record = fixture.forge(23, {'x'});
  fixture.take(record);
  fixture.take(record);
  CHECK(fixture.received == "x");
  CHECK(fixture.failed);
}

TEST_CASE("lengths beyond the limit are refused before the record has come, and so are those below it") {
  Fixture longest;
  longest.take(longest.forge(23, Octets(16'384, 'x'), 239));
  CHECK(longest.received.size() == 16'384);
  longest.take(Octets{23, 3, 3, 0x41, 0x01});
  REQUIRE(longest.failed);
  CHECK(longest.alert() == "record overflow");

  Fixture content;
  content.take(content.forge(23, Octets(16'385, 'x')));
  REQUIRE(content.failed);
  CHECK(content.alert() == "record overflow");

  Fixture shortest;
  shortest.take(Octets{23, 3, 3, 0, 16});
  CHECK(shortest.failed);
}

TEST_CASE("what is not protected ends the session: alerts, handshakes, change_cipher_spec, a line of HTTP") {
  for (const uint8_t type : {20, 21, 22, 24, 71}) {
    CAPTURE(type);
    Fixture fixture;
    fixture.take(Octets{type, 3, 3, 0, 2, 1, 0});
    REQUIRE(fixture.failed);
    CHECK(fixture.alert() == "unexpected message");
  }
}

TEST_CASE("a close_notify ends what is read, and what comes after it is dropped") {
  Fixture fixture;
  Octets bytes = fixture.forge(23, {'x'});
  const Octets close = fixture.forge(21, {1, 0});
  const Octets late = fixture.forge(23, {'y'});
  bytes.insert(bytes.end(), close.begin(), close.end());
  bytes.insert(bytes.end(), late.begin(), late.end());
  fixture.take(bytes);
  CHECK(fixture.received == "x");
  CHECK(fixture.layer->peer_closed());
  CHECK_FALSE(fixture.failed);
  CHECK_FALSE(fixture.input.unread());
}

TEST_CASE("other alerts fail the session and say why; user_canceled is waited out") {
  Fixture fixture;
  fixture.take(fixture.forge(21, {1, 90}));
  CHECK_FALSE(fixture.failed);
  fixture.take(fixture.forge(21, {2, 48}));
  REQUIRE(fixture.failed);
  CHECK(std::string(fixture.failed->context) == "unknown CA");

  Fixture wrong;
  wrong.take(wrong.forge(21, {1, 0, 0}));
  REQUIRE(wrong.failed);
  CHECK(wrong.alert() == "decode error");
}

TEST_CASE("a message may not be interleaved with data, nor a record be empty but for data") {
  Fixture interleaved;
  interleaved.take(interleaved.forge(22, {24, 0}));
  CHECK_FALSE(interleaved.failed);
  interleaved.take(interleaved.forge(23, {'x'}));
  CHECK(interleaved.failed);
  CHECK(interleaved.received.empty());

  Fixture empty;
  empty.take(empty.forge(22, {}));
  CHECK(empty.failed);
  Fixture unknown;
  unknown.take(unknown.forge(99, {'x'}));
  CHECK(unknown.failed);
}

TEST_CASE("thirty-two records without data are borne in a row, and no more") {
  Fixture fixture;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 32; ++i) fixture.take(fixture.forge(23, {}, 1));
    fixture.take(fixture.forge(23, {'x'}));
  }
  CHECK(fixture.received == "xxx");
  for (int i = 0; i < 33; ++i) fixture.take(fixture.forge(23, {}));
  CHECK(fixture.failed);
}

TEST_CASE("new keys of the peer are followed, and answered where it asks") {
  Fixture fixture;
  fixture.ask_for_new_keys();
  CHECK_FALSE(fixture.out.empty());
  fixture.take(fixture.forge(23, {'n', 'e', 'w'}));
  CHECK(fixture.received == "new");

  REQUIRE(fixture.layer->write(as_bytes("answer"), fixture.out));
  fixture.peer_input.give(fixture.out.view());
  uint8_t plain[100];
  ByteBuffer ignored;
  CHECK(fixture.peer->read(plain, ignored) == 6);
}

TEST_CASE("who asks for new keys again and again gets one answer, and one more before the next data") {
  constexpr size_t kUpdateBytes = 5 + 5 + 1 + kTagBytes;
  Fixture fixture;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 31; ++i) fixture.ask_for_new_keys();
    fixture.take(fixture.forge(23, {'x'}));
  }
  CHECK_FALSE(fixture.failed);
  CHECK(fixture.received == "xxxx");
  CHECK(fixture.out.size() == kUpdateBytes);

  REQUIRE(fixture.layer->write(as_bytes("one "), fixture.out));
  const size_t before = fixture.out.size();
  fixture.ask_for_new_keys();
  CHECK(fixture.out.size() == before + kUpdateBytes);
  REQUIRE(fixture.layer->write(as_bytes("two"), fixture.out));
  fixture.peer_input.give(fixture.out.view());
  std::string read;
  for (;;) {
    uint8_t plain[100];
    ByteBuffer ignored;
    const Result<size_t> size = fixture.peer->read(plain, ignored);
    REQUIRE(size);
    if (*size == 0) break;
    read += as_text(Bytes(plain).first(*size));
  }
  CHECK(read == "one two");
}

TEST_CASE("a key protects so many records, and then there is a new one, both ways and again and again") {
  Fixture fixture(5);
  for (int i = 0; i < 23; ++i) {
    CAPTURE(i);
    ByteBuffer sent;
    REQUIRE(fixture.peer->write(as_bytes("to and "), sent));
    fixture.take(sent.view());
    REQUIRE(fixture.layer->write(as_bytes("fro"), fixture.out));
  }
  CHECK(fixture.received.size() == 23 * 7);
  fixture.peer_input.give(fixture.out.view());
  size_t total = 0;
  for (;;) {
    uint8_t plain[1000];
    ByteBuffer ignored;
    const Result<size_t> size = fixture.peer->read(plain, ignored);
    REQUIRE(size);
    if (*size == 0) break;
    total += *size;
  }
  CHECK(total == 23 * 3);
}
