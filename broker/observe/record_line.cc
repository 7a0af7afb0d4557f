#include "broker/observe/record_line.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/base/byte_block.h"
#include "common/base/words.h"

namespace ingress::broker {
namespace {

// Of a byte of text: \u00XX.
constexpr size_t kMostBytesOfByte = 6;
// What a line has beside its texts: names, quotes and numbers.
constexpr size_t kMostFixedBytes = 800;

bool is_plain(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

// Bytes that need no escape. Those above 0x7f do.
constexpr auto kPlain = [](ByteBlock block) {
  return in_range(block, 0x20, 0x7e) & ~(is_byte(block, '"') | is_byte(block, '\\'));
};

// Appends to memory that was measured before.
class LinePen {
 public:
  explicit LinePen(uint8_t* at) : at_(at) {}

  void write(std::string_view text) {
    copy_short(at_, text.data(), text.size());
    at_ += text.size();
  }
  // What is the same in every line.
  template <size_t N>
  void fixed(const char (&text)[N]) {
    std::memcpy(at_, text, N - 1);
    at_ += N - 1;
  }
  void text(std::string_view text) {
    if (every_byte_of(text, kPlain)) return write(text);
    for (const char c : text) put(c);
  }
  // A member that is left out where it is empty.
  template <size_t N>
  void optional_text(const char (&before)[N], std::string_view value) {
    if (value.empty()) return;
    fixed(before);
    text(value);
    *at_++ = '"';
  }
  // The same, of a text that needs no escape.
  template <size_t N>
  void optional_word(const char (&before)[N], std::string_view value) {
    if (value.empty()) return;
    fixed(before);
    write(value);
    *at_++ = '"';
  }
  void number(uint64_t number) {
    auto* const begin = reinterpret_cast<char*>(at_);
    at_ += std::to_chars(begin, begin + 20, number).ptr - begin;
  }
  // Milliseconds with three decimals.
  void milliseconds(Micros micros) {
    const auto count = static_cast<uint64_t>(micros.count() < 0 ? 0 : micros.count());
    number(count / 1000);
    const auto rest = static_cast<unsigned>(count % 1000);
    at_[0] = '.';
    at_[1] = static_cast<uint8_t>('0' + rest / 100);
    at_[2] = static_cast<uint8_t>('0' + rest / 10 % 10);
    at_[3] = static_cast<uint8_t>('0' + rest % 10);
    at_ += 4;
  }
  template <size_t N>
  void optional_milliseconds(const char (&before)[N], const std::optional<Micros>& micros) {
    if (!micros) return;
    fixed(before);
    milliseconds(*micros);
  }
  uint8_t* at() const { return at_; }

 private:
  void put(char c) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<uint8_t>(c);
    if (!is_plain(c)) {
      write("\\u00");
      *at_++ = static_cast<uint8_t>(kDigits[byte >> 4]);
      *at_++ = static_cast<uint8_t>(kDigits[byte & 15]);
    } else {
      *at_++ = byte;
    }
  }

  uint8_t* at_;
};

// A share link's secret, in the query of the one who follows it, is for nobody else: its id stays.
constexpr std::string_view kShare = "__share=";
constexpr std::string_view kHidden = "hidden";

void write_target(LinePen& pen, std::string_view target) {
  while (true) {
    const size_t at = target.find(kShare);
    if (at == std::string_view::npos) return pen.text(target);
    const size_t end = std::min(target.find_first_of("&#", at), target.size());
    const size_t dot = target.find('.', at);
    pen.text(target.substr(0, dot < end ? dot + 1 : at + kShare.size()));
    pen.write(kHidden);
    target.remove_prefix(end);
  }
}

void write_request(LinePen& pen, const ExchangeRecord& record) {
  pen.fixed(R"(","client":")");
  pen.text(record.client_ip);
  pen.fixed("\"");
  pen.optional_word(R"(,"protocol":")", record.protocol);
  pen.fixed(R"(,"host":")");
  pen.text(record.host);
  pen.fixed(R"(","method":")");
  pen.text(record.method);
  pen.fixed(R"(","target":")");
  write_target(pen, record.target);
}

void write_answer(LinePen& pen, const ExchangeRecord& record) {
  pen.fixed(R"(","status":)");
  pen.number(static_cast<uint64_t>(record.status));
  pen.fixed(R"(,"bytes":)");
  pen.number(record.bytes_out);
  pen.fixed(R"(,"bytes_in":)");
  pen.number(record.bytes_in);
  pen.fixed(R"(,"ms":)");
  pen.milliseconds(record.times.total);
  pen.optional_milliseconds(R"(,"policy_ms":)", record.times.policy);
  pen.optional_milliseconds(R"(,"tunnel_ms":)", record.times.tunnel);
  pen.optional_milliseconds(R"(,"first_byte_ms":)", record.times.first_byte);
}

void write_way(LinePen& pen, const ExchangeRecord& record) {
  pen.fixed(R"(,"route_class":")");
  pen.write(name_of(record.route_class));
  pen.fixed(R"(","machine":")");
  pen.write(record.machine);
  pen.fixed(R"(","port":)");
  pen.number(static_cast<uint64_t>(record.port));
  pen.optional_word(R"(,"project":")", record.project);
  pen.optional_text(R"(,"route":")", record.route);
  pen.optional_word(R"(,"trace_id":")", record.trace_id);
  pen.optional_text(R"(,"request_id":")", record.request_id);
  if (record.error) pen.optional_word(R"(,"error":")", name_of(*record.error));
}

}  // namespace

size_t most_line_bytes(const ExchangeRecord& record) {
  size_t text = 0;
  for (const std::string_view each : {record.client_ip, record.host, record.method, record.target, record.machine,
                                      record.project, record.route, record.trace_id, record.request_id}) {
    text += each.size();
  }
  // What stands in for a secret is shorter than what `__share=`, which stands before it, is counted as.
  return kMostFixedBytes + kMostBytesOfByte * text;
}

uint8_t* write_line(uint8_t* at, const ExchangeRecord& record, std::string_view time) {
  LinePen pen(at);
  pen.fixed(R"({"time":")");
  pen.write(time);
  write_request(pen, record);
  write_answer(pen, record);
  write_way(pen, record);
  pen.fixed("}");
  return pen.at();
}

}  // namespace ingress::broker
