// The records of a TLS 1.3 session after its handshake (RFC 8446, 5): what libssl does too, but from the caller's
// buffer into the caller's buffer, without the two copies a byte that it makes each way, and without the 10 KB that an
// SSL holds. The handshake, and every other version and suite, is OpenSSL's
// (docs/decisions/0008-records-after-the-handshake.md). Private to common/tls.
#pragma once

#include <memory>

#include "common/base/byte_buffer.h"
#include "common/base/error.h"
#include "common/tls/memory_bio.h"
#include "common/tls/post_handshake.h"
#include "common/tls/record_cipher.h"
#include "common/tls/traffic_secret.h"

namespace ingress::tls {

class RecordLayer {
 public:
  // Records that one key protects at most before we change it (RFC 8446, 5.5: 2^24.5 for AES-GCM).
  static constexpr uint64_t kMaxRecordsOfKey = uint64_t{1} << 24;

  struct Start {
    bool is_client = false;
    uint64_t records_written = 0;  // under these secrets, by the handshake (tickets)
    uint64_t max_records_of_key = kMaxRecordsOfKey;
  };

  // nullptr where OpenSSL fails to make the keys. `input` outlives it.
  static std::unique_ptr<RecordLayer> create(const RecordSuite& suite, Bytes read_secret, Bytes write_secret,
                                             const Start& start, BioMemory& input);

  // As TlsSession::read_plain and write_plain. An error ends the session; its alert is in `out`.
  Result<size_t> read(MutableBytes to, ByteBuffer& out);
  Status write(Bytes plain, ByteBuffer& out);
  void close_notify(ByteBuffer& out);

  // Content that was opened, but had no room yet.
  bool pending() const { return !pending_.empty(); }
  bool peer_closed() const { return peer_closed_; }

 private:
  // One direction.
  struct Direction {
    Direction(const RecordSuite& suite, Bytes first_secret) : secret(suite, first_secret) {}
    bool make_keys(bool sealing);
    bool change_keys(bool sealing) { return secret.step() && make_keys(sealing); }
    void next_nonce(uint8_t* to);

    TrafficSecret secret;
    std::unique_ptr<RecordCipher> cipher;
    uint8_t iv[kNonceBytes]{};
    uint64_t sequence = 0;
  };

  struct Content {
    uint8_t type;
    Bytes bytes;
  };

  RecordLayer(const RecordSuite& suite, Bytes read_secret, Bytes write_secret, const Start& start, BioMemory& input);

  Result<Bytes> next_record(ByteBuffer& out);
  Result<Content> open(Bytes record, uint8_t* to, ByteBuffer& out);
  Status take_other(const Content& content, ByteBuffer& out);
  Status take_alert(Bytes content, ByteBuffer& out);
  Status take_handshake(Bytes content, ByteBuffer& out);
  size_t take_pending(MutableBytes to);
  bool append_record(uint8_t type, Bytes content, ByteBuffer& out);
  Status answer_key_update(ByteBuffer& out);
  Status update_write_keys(ByteBuffer& out);
  tl::unexpected<Error> refuse(Alert alert, const char* context, ByteBuffer& out);

  BioMemory& input_;
  Direction reading_;
  Direction writing_;
  PostHandshake post_handshake_;
  const uint64_t max_records_of_key_;
  ByteBuffer pending_;
  uint8_t idle_records_ = 0;  // in a row, that carried no data
  bool answered_ = false;     // a KeyUpdate has gone out, and no data since
  bool update_due_ = false;   // another one goes before the next data
  bool peer_closed_ = false;
};

}  // namespace ingress::tls
