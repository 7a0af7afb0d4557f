#include "common/http/http1_writer.h"

#include <cassert>

#include "common/base/words.h"

namespace ingress::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kColon = ": ";
constexpr std::string_view kVersion = "HTTP/1.1";
constexpr std::string_view kChunkedField = "Transfer-Encoding: chunked\r\n";
constexpr std::string_view kConnection = "Connection: ";

// Appends to memory that was measured before.
class Pen {
 public:
  explicit Pen(uint8_t* at) : at_(at) {}
  void write(std::string_view text) {
    copy_short(at_, text.data(), text.size());
    at_ += text.size();
  }
  void write(char c) { *at_++ = static_cast<uint8_t>(c); }
  uint8_t* at() const { return at_; }

 private:
  uint8_t* at_;
};

size_t size_of(const Fields& fields) {
  size_t size = 0;
  for (const Field& field : fields) size += field.name.size() + field.value.size() + kColon.size() + kLineEnd.size();
  return size;
}

void write_fields(Pen& pen, const Fields& fields) {
  for (const Field& field : fields) {
    pen.write(field.name);
    pen.write(kColon);
    pen.write(field.value);
    pen.write(kLineEnd);
  }
}

// Options of the Connection field, separated.
class ConnectionOptions {
 public:
  ConnectionOptions(const HeadOptions& options, const Fields& fields) {
    if (options.upgrade) add("Upgrade");
    if (options.te_trailers && find_field(fields, "TE") != nullptr) add("TE");
    if (options.close) {
      add("close");
    } else if (options.keep_alive) {
      add("keep-alive");
    }
  }
  size_t size() const { return count_ == 0 ? 0 : kConnection.size() + bytes_ + kLineEnd.size(); }
  void write(Pen& pen) const {
    if (count_ == 0) return;
    pen.write(kConnection);
    for (size_t i = 0; i < count_; ++i) {
      if (i > 0) pen.write(kComma);
      pen.write(options_[i]);
    }
    pen.write(kLineEnd);
  }

 private:
  static constexpr std::string_view kComma = ", ";
  void add(std::string_view option) {
    bytes_ += option.size() + (count_ > 0 ? kComma.size() : 0);
    options_[count_++] = option;
  }

  std::string_view options_[3];
  size_t count_ = 0;
  size_t bytes_ = 0;
};

// The rest of a head behind its first line, which is `first_line_bytes` long and written by `write_first_line`.
template <class WriteFirstLine>
void write_head(ByteBuffer& out, size_t first_line_bytes, const Fields& fields, const HeadOptions& options,
                const WriteFirstLine& write_first_line) {
  const ConnectionOptions connection(options, fields);
  const size_t chunked_bytes = options.chunked ? kChunkedField.size() : 0;
  const size_t size = first_line_bytes + size_of(fields) + chunked_bytes + connection.size() + kLineEnd.size();
  uint8_t* begin = out.reserve(size);
  Pen pen(begin);
  write_first_line(pen);
  write_fields(pen, fields);
  if (options.chunked) pen.write(kChunkedField);
  connection.write(pen);
  pen.write(kLineEnd);
  assert(pen.at() == begin + size);
  out.commit(size);
}

}  // namespace

void write_request_head(ByteBuffer& out, std::string_view method, std::string_view target, const Fields& fields,
                        const HeadOptions& options) {
  const size_t line = method.size() + 1 + target.size() + 1 + kVersion.size() + kLineEnd.size();
  write_head(out, line, fields, options, [method, target](Pen& pen) {
    pen.write(method);
    pen.write(' ');
    pen.write(target);
    pen.write(' ');
    pen.write(kVersion);
    pen.write(kLineEnd);
  });
}

void write_response_head(ByteBuffer& out, int status, std::string_view reason, const Fields& fields,
                         const HeadOptions& options) {
  assert(status >= 100 && status <= 999);
  constexpr int kUpgradeRequired = 426;
  HeadOptions all = options;
  if (status == kUpgradeRequired && find_field(fields, "Upgrade") != nullptr) all.upgrade = true;
  constexpr size_t kStatusBytes = 3;
  const size_t line = kVersion.size() + 1 + kStatusBytes + 1 + reason.size() + kLineEnd.size();
  write_head(out, line, fields, all, [status, reason](Pen& pen) {
    pen.write(kVersion);
    pen.write(' ');
    pen.write(static_cast<char>('0' + status / 100));
    pen.write(static_cast<char>('0' + status / 10 % 10));
    pen.write(static_cast<char>('0' + status % 10));
    pen.write(' ');
    pen.write(reason);
    pen.write(kLineEnd);
  });
}

size_t write_chunk_header_before(uint8_t* end, size_t chunk_bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  uint8_t* at = end;
  *--at = '\n';
  *--at = '\r';
  do {
    *--at = static_cast<uint8_t>(kDigits[chunk_bytes & 0xf]);
    chunk_bytes >>= 4;
  } while (chunk_bytes != 0);
  return static_cast<size_t>(end - at);
}

void write_last_chunk(ByteBuffer& out, const Fields& trailers) {
  constexpr std::string_view kZeroChunk = "0\r\n";
  const size_t size = kZeroChunk.size() + size_of(trailers) + kLineEnd.size();
  Pen pen(out.reserve(size));
  pen.write(kZeroChunk);
  write_fields(pen, trailers);
  pen.write(kLineEnd);
  out.commit(size);
}

}  // namespace ingress::http
