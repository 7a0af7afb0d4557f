// One direction of AES-GCM (SP 800-38D): key, message and, for TLS 1.2, the explicit nonces. The machine behind the
// cipher that OpenSSL calls (gcm_cipher.h). Nonces of 12 bytes and additional data of up to kMaxAad bytes, which is all
// of TLS; whatever else is asked for is refused, never answered otherwise. Private to common/tls.
#pragma once

#include "common/base/bytes.h"
#include "common/tls/gcm_keys.h"

namespace ingress::tls {

class GcmState {
 public:
  static constexpr size_t kNonceSize = 12;
  static constexpr size_t kTagSize = 16;
  static constexpr size_t kMaxAad = 32;
  static constexpr size_t kTlsAadSize = 13;
  static constexpr size_t kTlsFixedSize = 4;
  static constexpr size_t kTlsExplicitSize = 8;

  explicit GcmState(const VaesGcm& routines) : secret_(routines) {}
  GcmState(const GcmState&) = default;
  GcmState& operator=(const GcmState&) = delete;
  ~GcmState();  // wipes what a message left; the key wipes itself

  size_t key_size() const { return secret_.routines().key_size; }
  bool encrypting() const { return encrypting_; }

  // A message that is under way ends where direction or key change under it.
  void set_direction(bool encrypting);
  bool set_key(Bytes key);
  // Begins a message. A nonce serves one message.
  bool set_nonce(Bytes nonce);
  Bytes nonce() const { return nonce_; }

  // A message: additional data, then data, each in any pieces, then finish.
  bool add_aad(Bytes aad);
  // `out` may be `in`. What decryption writes is not to be used before finish has said that it is true.
  bool update(uint8_t* out, Bytes in);
  // Encrypting: makes the tag. Decrypting: whether the tag that was set is the message's; it is used up.
  bool finish();
  // The tag to expect; 1 to 16 bytes, as OpenSSL has it.
  bool set_tag(Bytes tag);
  // The tag that finish made: its first bytes.
  bool get_tag(MutableBytes to) const;
  size_t tag_size() const { return tag_size_ > 0 ? tag_size_ : kTagSize; }

  // TLS 1.2 (RFC 5288): a nonce is 4 fixed bytes and 8 explicit ones, which a sender counts on from a random value.
  bool set_tls_fixed(Bytes fixed);
  // Begins a message by the next nonce of ours, whose last bytes go to `to`; by the explicit bytes of the peer's.
  bool next_tls_nonce(MutableBytes to);
  bool take_tls_nonce(Bytes explicit_nonce);
  // Sequence number, type, version and length of the next record; the record is then one whole update, in place.
  bool set_tls_aad(Bytes aad);
  bool expects_tls_record() const { return tls_record_; }
  // Explicit nonce, data and room for the tag. Encrypting: fills all of it and yields its size. Decrypting: yields the
  // size of the data, which begins after the nonce; the data is wiped where the tag is wrong. 0: failed.
  bool tls_record(MutableBytes record, size_t& yielded);

 private:
  enum class Phase : uint8_t { kNoNonce, kAad, kData };

  bool begin();
  void make_tag(uint8_t* tag);

  GcmSecret secret_;
  gcm_context_data message_{};
  uint8_t nonce_[kNonceSize]{};
  uint8_t next_nonce_[kNonceSize]{};
  uint8_t tag_[kTagSize]{};
  uint8_t aad_[kMaxAad]{};
  uint8_t aad_size_ = 0;
  uint8_t tag_size_ = 0;  // 0: none
  Phase phase_ = Phase::kNoNonce;
  bool encrypting_ = false;
  bool has_fixed_ = false;
  bool tls_record_ = false;
};

}  // namespace ingress::tls
