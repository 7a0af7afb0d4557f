// What a peer that has the keys may send after the handshake: records of any type and content, sealed as the input
// says, and any bytes between them. Never a crash; and what is read does not depend on how it arrives, or on the room
// that there is for it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common/tls/record_layer.h"

namespace {

using namespace ingress;
using namespace ingress::tls;

using Octets = std::vector<uint8_t>;

const Octets kPeerSecret(32, 0x11);
const Octets kOurSecret(32, 0x22);
constexpr uint8_t kUnsealed = 0xFF;

void expect(bool holds) {
  if (!holds) std::abort();
}

// Seals as the peer does, under keys that step with its KeyUpdates.
class Peer {
 public:
  Peer() { make_keys(); }

  void seal(uint8_t type, Bytes content, Octets& to) {
    const size_t size = content.size() + 1 + kTagBytes;
    const uint8_t header[] = {23, 3, 3, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)};
    uint8_t nonce[kNonceBytes];
    std::copy(iv_.begin(), iv_.end(), nonce);
    nonce[kNonceBytes - 1] ^= static_cast<uint8_t>(sequence_);
    nonce[kNonceBytes - 2] ^= static_cast<uint8_t>(sequence_++ >> 8);
    to.insert(to.end(), std::begin(header), std::end(header));
    const size_t at = to.size();
    to.resize(at + size);
    expect(cipher_->seal(nonce, header, content, type, to.data() + at));
    const bool is_update = type == kHandshake && content.size() == 5 && content[0] == 24 && content[3] == 1;
    if (is_update && content[4] <= 1) {
      expect(secret_.step());
      make_keys();
    }
  }

 private:
  void make_keys() {
    Octets key(16);
    expect(secret_.expand("key", key) && secret_.expand("iv", iv_));
    cipher_ = new_record_cipher("AES-128-GCM", key, true);
    sequence_ = 0;
  }

  TrafficSecret secret_{*record_suite(0x1301), kPeerSecret};
  Octets iv_ = Octets(kNonceBytes);
  std::unique_ptr<RecordCipher> cipher_;
  uint32_t sequence_ = 0;
};

// Of the input: a type, a length and so much content, again and again.
Octets sent_by_peer(Bytes input) {
  Peer peer;
  Octets sent;
  while (input.size() >= 2) {
    const uint8_t type = input[0];
    const Bytes content = input.subspan(2, std::min<size_t>(input[1], input.size() - 2));
    if (type == kUnsealed) {
      sent.insert(sent.end(), content.begin(), content.end());
    } else {
      peer.seal(type, content, sent);
    }
    input = input.subspan(2 + content.size());
  }
  return sent;
}

struct Seen {
  std::string text;
  bool failed = false;
  bool closed = false;
  Octets answered;

  bool operator==(const Seen&) const = default;
};

Seen read_all(Bytes sent, bool is_client, size_t step, size_t room) {
  BioMemory input;
  const auto layer = RecordLayer::create(*record_suite(0x1301), kPeerSecret, kOurSecret, {is_client, 0, 3}, input);
  Seen seen;
  ByteBuffer out;
  while (!sent.empty() && !seen.failed) {
    const Octets piece(sent.begin(), sent.begin() + static_cast<ptrdiff_t>(std::min(step, sent.size())));
    sent = sent.subspan(piece.size());
    input.give(piece);
    for (;;) {
      Octets plain(room);
      const Result<size_t> size = layer->read(plain, out);
      seen.failed = !size;
      if (!size || *size == 0) break;
      seen.text += as_text(Bytes(plain).first(*size));
    }
  }
  seen.closed = layer->peer_closed();
  for (int i = 0; i < 4 && !seen.failed; ++i) expect(layer->write(as_bytes("answer"), out).has_value());
  if (!seen.failed) layer->close_notify(out);
  seen.answered.assign(out.view().begin(), out.view().end());
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const bool is_client = (data[0] & 1) != 0;
  const size_t step = 1 + data[1];
  const size_t room = 1 + size_t{data[0]} * 8;
  const Octets sent = sent_by_peer({data + 2, size - 2});
  const Seen whole = read_all(sent, is_client, sent.size() + 1, 40000);
  expect(read_all(sent, is_client, step, room) == whole);
  expect(whole.text.size() <= sent.size());
  return 0;
}
