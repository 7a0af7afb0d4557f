#include "common/tls/gcm_state.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

namespace ingress::tls {
namespace {

// SP 800-38D, 5.2.1.1: the counter of 32 bits must not come round.
constexpr uint64_t kMaxMessage = (uint64_t{1} << 36) - 32;

void count_on(uint8_t* explicit_nonce) {
  for (size_t i = GcmState::kTlsExplicitSize; i-- > 0 && ++explicit_nonce[i] == 0;) {
  }
}

}  // namespace

GcmState::~GcmState() {
  OPENSSL_cleanse(&message_, sizeof message_);
  OPENSSL_cleanse(tag_, sizeof tag_);
}

void GcmState::set_direction(bool encrypting) {
  if (encrypting == encrypting_) return;
  if (phase_ == Phase::kData) phase_ = Phase::kNoNonce;
  encrypting_ = encrypting;
  tls_record_ = false;
  tag_size_ = 0;
}

bool GcmState::set_key(Bytes key) {
  if (!secret_.set(key)) return false;
  if (phase_ == Phase::kData) phase_ = Phase::kNoNonce;
  return true;
}

bool GcmState::set_nonce(Bytes nonce) {
  if (nonce.size() != kNonceSize) return false;
  std::memcpy(nonce_, nonce.data(), kNonceSize);
  phase_ = Phase::kAad;
  aad_size_ = 0;
  tls_record_ = false;
  if (encrypting_) tag_size_ = 0;
  return true;
}

bool GcmState::add_aad(Bytes aad) {
  if (phase_ != Phase::kAad || tls_record_ || aad.size() > kMaxAad - aad_size_) return false;
  std::copy(aad.begin(), aad.end(), aad_ + aad_size_);
  aad_size_ = static_cast<uint8_t>(aad_size_ + aad.size());
  return true;
}

// The library takes the additional data at once, so it waits for the first data.
bool GcmState::begin() {
  if (phase_ == Phase::kData) return true;
  if (phase_ != Phase::kAad || !secret_.given()) return false;
  secret_.routines().start(secret_.expanded(), &message_, nonce_, aad_, aad_size_);
  phase_ = Phase::kData;
  return true;
}

bool GcmState::update(uint8_t* out, Bytes in) {
  if (tls_record_ || !begin() || in.size() > kMaxMessage - message_.in_length) return false;
  const VaesGcm& routines = secret_.routines();
  (encrypting_ ? routines.encrypt : routines.decrypt)(secret_.expanded(), &message_, out, in.data(), in.size());
  return true;
}

void GcmState::make_tag(uint8_t* tag) {
  const VaesGcm& routines = secret_.routines();
  (encrypting_ ? routines.finish_encrypt : routines.finish_decrypt)(secret_.expanded(), &message_, tag, kTagSize);
  phase_ = Phase::kNoNonce;
}

bool GcmState::finish() {
  if (tls_record_ || (!encrypting_ && tag_size_ == 0) || !begin()) return false;
  if (encrypting_) {
    make_tag(tag_);
    tag_size_ = kTagSize;
    return true;
  }
  uint8_t tag[kTagSize];
  make_tag(tag);
  const bool good = CRYPTO_memcmp(tag, tag_, tag_size_) == 0;
  tag_size_ = 0;
  return good;
}

bool GcmState::set_tag(Bytes tag) {
  if (encrypting_ || tag.empty() || tag.size() > kTagSize) return false;
  std::copy(tag.begin(), tag.end(), tag_);
  tag_size_ = static_cast<uint8_t>(tag.size());
  return true;
}

bool GcmState::get_tag(MutableBytes to) const {
  if (!encrypting_ || tag_size_ == 0 || to.empty() || to.size() > kTagSize) return false;
  std::copy_n(tag_, to.size(), to.data());
  return true;
}

bool GcmState::set_tls_fixed(Bytes fixed) {
  if (fixed.size() != kTlsFixedSize) return false;
  std::copy(fixed.begin(), fixed.end(), next_nonce_);
  if (encrypting_ && RAND_bytes(next_nonce_ + kTlsFixedSize, kTlsExplicitSize) != 1) return false;
  has_fixed_ = true;
  return true;
}

bool GcmState::next_tls_nonce(MutableBytes to) {
  if (!has_fixed_ || !secret_.given() || !encrypting_ || to.size() > kNonceSize) return false;
  set_nonce(next_nonce_);
  count_on(next_nonce_ + kTlsFixedSize);
  std::copy_n(nonce_ + kNonceSize - to.size(), to.size(), to.data());
  return true;
}

bool GcmState::take_tls_nonce(Bytes explicit_nonce) {
  if (!has_fixed_ || !secret_.given() || encrypting_ || explicit_nonce.size() != kTlsExplicitSize) return false;
  std::copy(explicit_nonce.begin(), explicit_nonce.end(), next_nonce_ + kTlsFixedSize);
  return set_nonce(next_nonce_);
}

bool GcmState::set_tls_aad(Bytes aad) {
  if (aad.size() != kTlsAadSize) return false;
  const size_t around = kTlsExplicitSize + (encrypting_ ? 0 : kTagSize);
  const size_t record = get_u16(aad.data() + kTlsAadSize - 2);
  if (record < around) return false;
  std::copy(aad.begin(), aad.end(), aad_);
  // The length that is authenticated is the data's (RFC 5246, 6.2.3.3).
  put_u16(aad_ + kTlsAadSize - 2, static_cast<uint32_t>(record - around));
  aad_size_ = kTlsAadSize;
  tls_record_ = true;
  return true;
}

bool GcmState::tls_record(MutableBytes record, size_t& yielded) {
  const bool expected = tls_record_;
  tls_record_ = false;
  phase_ = Phase::kNoNonce;
  yielded = 0;
  if (!expected || record.size() < kTlsExplicitSize + kTagSize) return false;
  const MutableBytes nonce = record.first(kTlsExplicitSize);
  if (!(encrypting_ ? next_tls_nonce(nonce) : take_tls_nonce(nonce))) return false;
  aad_size_ = kTlsAadSize;  // set_tls_aad's
  const MutableBytes data = record.subspan(kTlsExplicitSize, record.size() - kTlsExplicitSize - kTagSize);
  uint8_t* const tag = data.data() + data.size();
  if (!encrypting_ && !set_tag({tag, kTagSize})) return false;
  if (!update(data.data(), data) || !finish()) {
    OPENSSL_cleanse(data.data(), data.size());
    return false;
  }
  if (encrypting_) std::copy_n(tag_, kTagSize, tag);
  yielded = encrypting_ ? record.size() : data.size();
  return true;
}

}  // namespace ingress::tls
