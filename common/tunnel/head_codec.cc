#include "common/tunnel/head_codec.h"

#include <algorithm>

#include "common/base/token.h"
#include "common/base/words.h"
#include "common/tunnel/frame.h"
#include "common/tunnel/head_bytes.h"

namespace ingress::tunnel {
namespace {

constexpr uint8_t kOpenUpgrade = 0x01;
constexpr uint8_t kOpenConnectLimit = 0x02;
constexpr size_t kOpenFixedBytes = 8;  // kind, flags, port, grant
constexpr size_t kConnectLimitBytes = 4;
constexpr size_t kHeadFixedBytes = 7;  // status, flags, grant
constexpr size_t kMaxLength = (size_t{1} << 21) - 1;

// Lengths are LEB128: seven bits a byte, low ones first, the top bit on all but the last byte; at most three bytes.
size_t length_bytes(size_t length) { return length < 0x80 ? 1 : length < 0x4000 ? 2 : 3; }

uint8_t* put_text(uint8_t* to, std::string_view text) {
  size_t length = text.size();
  while (length >= 0x80) {
    *to++ = static_cast<uint8_t>(length | 0x80);
    length >>= 7;
  }
  *to++ = static_cast<uint8_t>(length);
  copy_short(to, text.data(), text.size());
  return to + text.size();
}

// The encoded size, counted as the parts are checked.
class Sizer {
 public:
  explicit Sizer(size_t fixed) : size_(fixed) {}

  void add(std::string_view text, bool valid) {
    valid_ = valid_ && valid;
    if (text.size() > kMaxLength) {
      fits_ = false;
    } else {
      size_ += length_bytes(text.size()) + text.size();
    }
  }
  void add(const http::Fields& fields) {
    for (const http::Field& field : fields) {
      add(field.name, is_token(field.name));
      add(field.value, is_value(field.value));
    }
  }
  EncodeStatus status() const {
    if (!fits_ || size_ > kMaxHeadBytes) return EncodeStatus::kTooLarge;
    return valid_ ? EncodeStatus::kGood : EncodeStatus::kInvalid;
  }
  size_t size() const { return size_; }

 private:
  size_t size_;
  bool fits_ = true;
  bool valid_ = true;
};

void put_fields(uint8_t* to, const http::Fields& fields) {
  for (const http::Field& field : fields) to = put_text(put_text(to, field.name), field.value);
}

class PayloadReader {
 public:
  explicit PayloadReader(Bytes payload) : at_(payload.data()), end_(at_ + payload.size()) {}

  // `size` bytes of fixed layout; nullptr where there are fewer.
  const uint8_t* take(size_t size) {
    if (left() < size) return nullptr;
    const uint8_t* from = at_;
    at_ += size;
    return from;
  }
  bool text(std::string_view& out) {
    size_t length = 0;
    if (!read_length(length) || length > left()) return false;
    out = {reinterpret_cast<const char*>(at_), length};
    at_ += length;
    return true;
  }
  bool fields(http::Fields& out) {
    out.clear();
    while (left() > 0) {
      http::Field field;
      if (!text(field.name) || !is_token(field.name)) return false;
      if (!text(field.value) || !is_value(field.value)) return false;
      out.push_back(field);
    }
    return true;
  }

 private:
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  bool read_length(size_t& out) {
    if (at_ == end_) return false;
    out = *at_++;
    if (out < 0x80) return true;
    out &= 0x7f;
    for (int shift = 7; shift <= 14; shift += 7) {
      if (at_ == end_) return false;
      const size_t byte = *at_++;
      out |= (byte & 0x7f) << shift;
      if (byte < 0x80) return byte != 0;  // a zero last byte: over-long
    }
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
};

uint32_t limit_ms(Duration limit) { return static_cast<uint32_t>(std::min<int64_t>(limit.count(), UINT32_MAX)); }

}  // namespace

EncodeStatus encode_open(const OpenHead& head, uint32_t grant_bytes, bool with_connect_limit, ByteBuffer& out) {
  const bool limited = with_connect_limit && head.connect_limit.count() > 0;
  Sizer sizer(kOpenFixedBytes + (limited ? kConnectLimitBytes : 0));
  sizer.add(head.request.method, is_token(head.request.method));
  sizer.add(head.request.target, is_target(head.request.target));
  sizer.add(head.request.fields);
  if (head.port < 1 || head.port > 65535) return EncodeStatus::kInvalid;
  if (sizer.status() != EncodeStatus::kGood) return sizer.status();
  uint8_t* to = out.reserve(sizer.size());
  to[0] = static_cast<uint8_t>(head.kind);
  to[1] = static_cast<uint8_t>((head.upgrade ? kOpenUpgrade : 0) | (limited ? kOpenConnectLimit : 0));
  put_u16(to + 2, static_cast<uint32_t>(head.port));
  put_u32(to + 4, grant_bytes);
  to += kOpenFixedBytes;
  if (limited) {
    put_u32(to, limit_ms(head.connect_limit));
    to += kConnectLimitBytes;
  }
  to = put_text(to, head.request.method);
  put_fields(put_text(to, head.request.target), head.request.fields);
  out.commit(sizer.size());
  return EncodeStatus::kGood;
}

EncodeStatus encode_head(const http::ResponseHead& head, uint32_t grant_bytes, ByteBuffer& out) {
  Sizer sizer(kHeadFixedBytes);
  sizer.add(head.reason, is_value(head.reason));
  sizer.add(head.fields);
  if (head.status < 100 || head.status > 999) return EncodeStatus::kInvalid;
  if (sizer.status() != EncodeStatus::kGood) return sizer.status();
  uint8_t* to = out.reserve(sizer.size());
  put_u16(to, static_cast<uint32_t>(head.status));
  to[2] = 0;
  put_u32(to + 3, grant_bytes);
  put_fields(put_text(to + kHeadFixedBytes, head.reason), head.fields);
  out.commit(sizer.size());
  return EncodeStatus::kGood;
}

EncodeStatus encode_trailers(const http::Fields& trailers, ByteBuffer& out) {
  Sizer sizer(0);
  sizer.add(trailers);
  if (sizer.status() != EncodeStatus::kGood || sizer.size() == 0) return sizer.status();
  put_fields(out.reserve(sizer.size()), trailers);
  out.commit(sizer.size());
  return EncodeStatus::kGood;
}

bool decode_open(Bytes payload, OpenHead& head, uint32_t& grant_bytes) {
  PayloadReader reader(payload);
  const uint8_t* fixed = reader.take(kOpenFixedBytes);
  if (fixed == nullptr) return false;
  head.kind = static_cast<StreamKind>(fixed[0]);
  head.upgrade = (fixed[1] & kOpenUpgrade) != 0;
  head.port = static_cast<int>(get_u16(fixed + 2));
  grant_bytes = get_u32(fixed + 4);
  head.connect_limit = Duration{0};
  if ((fixed[1] & kOpenConnectLimit) != 0) {
    const uint8_t* const limit = reader.take(kConnectLimitBytes);
    if (limit == nullptr) return false;
    head.connect_limit = Duration{get_u32(limit)};
  }
  head.request.minor_version = 1;
  return head.port != 0 && reader.text(head.request.method) && is_token(head.request.method) &&
         reader.text(head.request.target) && is_target(head.request.target) && reader.fields(head.request.fields);
}

bool decode_head(Bytes payload, http::ResponseHead& head, uint32_t& grant_bytes) {
  PayloadReader reader(payload);
  const uint8_t* fixed = reader.take(kHeadFixedBytes);
  if (fixed == nullptr) return false;
  head.status = static_cast<int>(get_u16(fixed));
  grant_bytes = get_u32(fixed + 3);
  head.minor_version = 1;
  return head.status >= 100 && head.status <= 999 && reader.text(head.reason) && is_value(head.reason) &&
         reader.fields(head.fields);
}

bool decode_trailers(Bytes payload, http::Fields& trailers) { return PayloadReader(payload).fields(trailers); }

}  // namespace ingress::tunnel
