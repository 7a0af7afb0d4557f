#include "common/tls/client_hello.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace ingress::tls {
namespace {

constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kClientHello = 1;
constexpr uint32_t kServerName = 0;  // the extension
constexpr uint8_t kHostName = 0;     // the kind of name in it
constexpr size_t kRecordHeaderBytes = 5;
constexpr size_t kHandshakeHeaderBytes = 4;
constexpr size_t kMaxRecordBytes = size_t{16} * 1024;
constexpr size_t kVersionAndRandomBytes = 2 + 32;

// Reads what has a length before it. After a read beyond the end it is not good(), and gives nothing more.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  bool good() const { return good_; }
  bool empty() const { return bytes_.empty(); }
  Bytes take(size_t size) {
    if (size > bytes_.size()) {
      good_ = false;
      bytes_ = {};
      return {};
    }
    const Bytes taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }
  uint32_t number(size_t size) {
    uint32_t value = 0;
    for (const uint8_t byte : take(size)) value = value << 8 | byte;
    return value;
  }
  // A vector whose length takes `size` bytes.
  Bytes vector(size_t size) { return take(number(size)); }

 private:
  Bytes bytes_;
  bool good_ = true;
};

Peek found(Bytes name) {
  if (name.empty()) return {};
  return {Peek::State::kFound, std::string(as_text(name))};
}

// RFC 6066, 3.
Peek read_server_names(Bytes extension) {
  Reader list(Reader(extension).vector(2));
  while (!list.empty()) {
    const uint32_t kind = list.number(1);
    const Bytes name = list.vector(2);
    if (list.good() && kind == kHostName) return found(name);
  }
  return {};
}

// RFC 8446, 4.1.2.
Peek read_client_hello(Bytes body) {
  Reader hello(body);
  hello.take(kVersionAndRandomBytes);
  hello.vector(1);  // session id
  hello.vector(2);  // cipher suites
  hello.vector(1);  // compression methods
  Reader extensions(hello.vector(2));
  while (!extensions.empty()) {
    const uint32_t type = extensions.number(2);
    const Bytes extension = extensions.vector(2);
    if (extensions.good() && type == kServerName) return read_server_names(extension);
  }
  return {};
}

// The length of the handshake message, header and all; nullopt where that is not to be seen yet. 0: no ClientHello.
std::optional<size_t> message_size(Bytes message) {
  if (!message.empty() && message[0] != kClientHello) return 0;
  if (message.size() < kHandshakeHeaderBytes) return std::nullopt;
  const size_t size = kHandshakeHeaderBytes + get_u24(message.data() + 1);
  return size > kMaxClientHelloBytes ? 0 : size;
}

bool is_handshake_record(Bytes header) {
  if (header[0] != kHandshakeRecord) return false;
  if (header.size() > 1 && header[1] != 3) return false;
  if (header.size() < kRecordHeaderBytes) return true;
  const uint32_t size = get_u16(header.data() + 3);
  return size > 0 && size <= kMaxRecordBytes;
}

}  // namespace

Peek peek_server_name(Bytes bytes) {
  const bool all = bytes.size() >= kMaxClientHelloBytes;
  bytes = bytes.first(std::min(bytes.size(), kMaxClientHelloBytes));
  std::vector<uint8_t> message;  // the records' payloads, as far as they have come
  while (!bytes.empty()) {
    if (!is_handshake_record(bytes)) return {};
    if (bytes.size() < kRecordHeaderBytes) break;
    const size_t record_size = get_u16(bytes.data() + 3);
    bytes = bytes.subspan(kRecordHeaderBytes);
    const Bytes payload = bytes.first(std::min(record_size, bytes.size()));
    message.insert(message.end(), payload.begin(), payload.end());
    bytes = bytes.subspan(payload.size());
    const std::optional<size_t> size = message_size(message);
    if (size == 0) return {};
    if (size && message.size() >= *size) {
      return read_client_hello(Bytes(message).subspan(kHandshakeHeaderBytes, *size - kHandshakeHeaderBytes));
    }
  }
  if (all) return {};
  return {Peek::State::kMore, {}};
}

}  // namespace ingress::tls
