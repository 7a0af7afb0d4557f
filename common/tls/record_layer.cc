#include "common/tls/record_layer.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>

namespace ingress::tls {
namespace {

constexpr size_t kMaxContentBytes = 16384;
constexpr size_t kMaxSealedBytes = kMaxContentBytes + 256;
// A peer that sends records without data only costs work: OpenSSL draws the line there, too.
constexpr uint8_t kMaxIdleRecords = 32;
constexpr uint8_t kWarning = 1;
constexpr uint8_t kFatal = 2;

}  // namespace

bool RecordLayer::Direction::make_keys(bool sealing) {
  const RecordSuite& suite = secret.suite();
  std::array<uint8_t, 32> key;
  const MutableBytes used(key.data(), suite.key_size);
  if (!secret.expand("key", used) || !secret.expand("iv", iv)) return false;
  cipher = new_record_cipher(suite.cipher, used, sealing);
  OPENSSL_cleanse(key.data(), key.size());
  sequence = 0;
  return cipher != nullptr;
}

// RFC 8446, 5.3.
void RecordLayer::Direction::next_nonce(uint8_t* to) {
  std::copy_n(iv, kNonceBytes, to);
  for (size_t i = 0; i < 8; ++i) to[kNonceBytes - 1 - i] ^= static_cast<uint8_t>(sequence >> (8 * i));
  ++sequence;
}

RecordLayer::RecordLayer(const RecordSuite& suite, Bytes read_secret, Bytes write_secret, const Start& start,
                         BioMemory& input)
    : input_(input),
      reading_(suite, read_secret),
      writing_(suite, write_secret),
      post_handshake_(start.is_client),
      max_records_of_key_(start.max_records_of_key) {}

std::unique_ptr<RecordLayer> RecordLayer::create(const RecordSuite& suite, Bytes read_secret, Bytes write_secret,
                                                 const Start& start, BioMemory& input) {
  std::unique_ptr<RecordLayer> layer(new RecordLayer(suite, read_secret, write_secret, start, input));
  if (!layer->reading_.make_keys(false) || !layer->writing_.make_keys(true)) return nullptr;
  layer->writing_.sequence = start.records_written;
  return layer;
}

// The next whole record; empty where it has not come yet.
Result<Bytes> RecordLayer::next_record(ByteBuffer& out) {
  const Bytes header = input_.front(kRecordHeaderBytes);
  if (header.empty()) return Bytes();
  if (header[0] != kApplicationData) return refuse(Alert::kUnexpectedMessage, "TLS record in clear", out);
  const size_t size = get_u16(header.data() + 3);
  if (size > kMaxSealedBytes) return refuse(Alert::kRecordOverflow, "TLS record too long", out);
  if (size <= kTagBytes) return refuse(Alert::kBadRecordMac, "TLS record too short", out);
  return input_.front(kRecordHeaderBytes + size);
}

// Decrypts into `to`, which has room for the record without its tag, and finds the type behind the padding.
Result<RecordLayer::Content> RecordLayer::open(Bytes record, uint8_t* to, ByteBuffer& out) {
  uint8_t nonce[kNonceBytes];
  reading_.next_nonce(nonce);
  const Bytes sealed = record.subspan(kRecordHeaderBytes);
  if (!reading_.cipher->open(nonce, record.data(), sealed, to)) {
    return refuse(Alert::kBadRecordMac, "TLS record does not verify", out);
  }
  size_t size = sealed.size() - kTagBytes;
  while (size > 0 && to[size - 1] == 0) --size;
  if (size == 0) return refuse(Alert::kUnexpectedMessage, "TLS record without a type", out);
  if (size - 1 > kMaxContentBytes) return refuse(Alert::kRecordOverflow, "TLS record too long", out);
  return Content{to[size - 1], Bytes(to, size - 1)};
}

Result<size_t> RecordLayer::read(MutableBytes to, ByteBuffer& out) {
  if (!pending_.empty()) return take_pending(to);
  while (!peer_closed_) {
    const Result<Bytes> record = next_record(out);
    if (!record) return tl::unexpected(record.error());
    if (record->empty()) return size_t{0};
    const size_t inner = record->size() - kRecordHeaderBytes - kTagBytes;
    const bool fits = inner <= to.size();
    const Result<Content> content = open(*record, fits ? to.data() : pending_.reserve(inner), out);
    if (!content) return tl::unexpected(content.error());
    input_.consume(record->size());
    if (content->type == kApplicationData && !content->bytes.empty() && !post_handshake_.within_message()) {
      idle_records_ = 0;
      if (fits) return content->bytes.size();
      pending_.commit(content->bytes.size());
      return take_pending(to);
    }
    const Status taken = take_other(*content, out);
    pending_.release();
    if (!taken) return tl::unexpected(taken.error());
  }
  input_.drop();
  return size_t{0};
}

size_t RecordLayer::take_pending(MutableBytes to) {
  const size_t size = std::min(to.size(), pending_.size());
  std::copy_n(pending_.data(), size, to.data());
  pending_.consume(size);
  if (pending_.empty()) pending_.release();
  return size;
}

Status RecordLayer::take_other(const Content& content, ByteBuffer& out) {
  if (++idle_records_ > kMaxIdleRecords) return refuse(Alert::kUnexpectedMessage, "TLS records without data", out);
  if (content.type == kAlert) return take_alert(content.bytes, out);
  if (content.type == kHandshake && !content.bytes.empty()) return take_handshake(content.bytes, out);
  if (content.type == kApplicationData && !post_handshake_.within_message()) return {};
  return refuse(Alert::kUnexpectedMessage, "TLS record out of place", out);
}

Status RecordLayer::take_alert(Bytes content, ByteBuffer& out) {
  if (content.size() != 2) return refuse(Alert::kDecodeError, "TLS alert", out);
  if (content[1] == static_cast<uint8_t>(Alert::kUserCanceled)) return {};
  peer_closed_ = true;
  if (content[1] == static_cast<uint8_t>(Alert::kCloseNotify)) return {};
  return fail(ErrorCode::kTlsFailed, Side::kInternal, SSL_alert_desc_string_long(content[1]));
}

Status RecordLayer::take_handshake(Bytes content, ByteBuffer& out) {
  const PostHandshake::Outcome outcome = post_handshake_.take(content);
  if (outcome.alert) return refuse(*outcome.alert, "TLS message after the handshake", out);
  if (!outcome.new_keys) return {};
  if (!reading_.change_keys(false)) return refuse(Alert::kInternalError, "TLS keys", out);
  return outcome.asks_for_new_keys ? answer_key_update(out) : Status();
}

// At once where data has gone out since the last answer. A peer that asks and asks while nothing goes to it gets one
// more for all of them (RFC 8446, 4.6.3): what it does not read would gather without end.
Status RecordLayer::answer_key_update(ByteBuffer& out) {
  if (!answered_) return update_write_keys(out);
  update_due_ = true;
  return {};
}

bool RecordLayer::append_record(uint8_t type, Bytes content, ByteBuffer& out) {
  const size_t sealed = content.size() + 1 + kTagBytes;
  uint8_t* const to = out.reserve(kRecordHeaderBytes + sealed);
  to[0] = kApplicationData;
  put_u16(to + 1, 0x0303);
  put_u16(to + 3, static_cast<uint32_t>(sealed));
  uint8_t nonce[kNonceBytes];
  writing_.next_nonce(nonce);
  if (!writing_.cipher->seal(nonce, to, content, type, to + kRecordHeaderBytes)) return false;
  out.commit(kRecordHeaderBytes + sealed);
  return true;
}

Status RecordLayer::write(Bytes plain, ByteBuffer& out) {
  while (!plain.empty()) {
    if (update_due_ || writing_.sequence >= max_records_of_key_) {
      if (const Status updated = update_write_keys(out); !updated) return updated;
    }
    const Bytes content = plain.first(std::min(plain.size(), kMaxContentBytes));
    if (!append_record(kApplicationData, content, out)) {
      return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS write");
    }
    answered_ = false;
    plain = plain.subspan(content.size());
  }
  return {};
}

// RFC 8446, 4.6.3: update_not_requested, under the keys that it ends.
Status RecordLayer::update_write_keys(ByteBuffer& out) {
  static constexpr uint8_t kMessage[] = {24, 0, 0, 1, 0};
  answered_ = true;
  update_due_ = false;
  if (append_record(kHandshake, kMessage, out) && writing_.change_keys(true)) return {};
  return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS keys");
}

void RecordLayer::close_notify(ByteBuffer& out) {
  const uint8_t content[] = {kWarning, static_cast<uint8_t>(Alert::kCloseNotify)};
  append_record(kAlert, content, out);
}

tl::unexpected<Error> RecordLayer::refuse(Alert alert, const char* context, ByteBuffer& out) {
  const uint8_t content[] = {kFatal, static_cast<uint8_t>(alert)};
  append_record(kAlert, content, out);
  return fail(ErrorCode::kTlsFailed, Side::kInternal, context);
}

}  // namespace ingress::tls
