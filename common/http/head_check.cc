#include "common/http/head_check.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ingress::http {
namespace {

constexpr size_t kLongestMethod = 64;

enum ByteClass : uint8_t { kTokenByte = 1, kValueByte = 2, kTargetByte = 4 };

constexpr std::array<uint8_t, 256> classify() {
  std::array<uint8_t, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric) table[c] |= kTokenByte;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) table[c] |= kValueByte;
    if (c > 0x20 && c != 0x7f) table[c] |= kTargetByte;
  }
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<uint8_t>(c)] |= kTokenByte;
  }
  return table;
}

constexpr std::array<uint8_t, 256> kClasses = classify();

bool is(char c, ByteClass byte_class) { return (kClasses[static_cast<uint8_t>(c)] & byte_class) != 0; }

bool all(std::string_view text, ByteClass byte_class) {
  return std::all_of(text.begin(), text.end(), [byte_class](char c) { return is(c, byte_class); });
}

// "HTTP/1.0" or "HTTP/1.1"
bool parse_version(std::string_view text, uint8_t& minor) {
  if (text.size() != 8 || !text.starts_with("HTTP/1.") || (text[7] != '0' && text[7] != '1')) return false;
  minor = static_cast<uint8_t>(text[7] - '0');
  return true;
}

}  // namespace

bool is_token_byte(char c) { return is(c, kTokenByte); }
bool is_token(std::string_view text) { return !text.empty() && all(text, kTokenByte); }

HeadScanner::Found HeadScanner::scan(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
    if (found == nullptr) {
      scanned_ = bytes.size();
      return Found::kNothing;
    }
    const size_t at = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
    if (at == 0 || bytes[at - 1] != '\r') return Found::kBareLineFeed;
    scanned_ = at + 1;
    const bool empty_line = at - line_start_ == 1;
    line_start_ = scanned_;
    if (empty_line) return Found::kEnd;
  }
  return Found::kNothing;
}

bool parse_request_line(std::string_view line, RequestLine& out) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return false;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  return out.method.size() <= kLongestMethod && is_token(out.method) && !out.target.empty() &&
         all(out.target, kTargetByte) && parse_version(line.substr(last + 1), out.minor_version);
}

bool parse_status_line(std::string_view line, StatusLine& out) {
  if (line.size() < 12 || line[8] != ' ' || !parse_version(line.substr(0, 8), out.minor_version)) return false;
  out.status = 0;
  for (const char c : line.substr(9, 3)) {
    if (c < '0' || c > '9') return false;
    out.status = out.status * 10 + (c - '0');
  }
  if (out.status < 100) return false;
  out.reason = {};
  if (line.size() == 12) return true;
  if (line[12] != ' ') return false;
  out.reason = line.substr(13);
  return all(out.reason, kValueByte);
}

bool may_begin_request(std::string_view begin) {
  const size_t space = begin.find(' ');
  const std::string_view method = begin.substr(0, space);
  if (begin.starts_with("\r")) return begin.size() == 1 || begin[1] == '\n';
  if (space == std::string_view::npos) return method.size() < kLongestMethod && all(method, kTokenByte);
  return is_token(method);
}

bool may_begin_response(std::string_view begin) {
  constexpr std::string_view kVersion = "HTTP/1.";
  return begin.substr(0, kVersion.size()) == kVersion.substr(0, std::min(begin.size(), kVersion.size()));
}

bool check_field_lines(std::string_view block) {
  while (true) {
    const size_t end = block.find('\n');
    if (end == std::string_view::npos || end == 0 || block[end - 1] != '\r') return false;
    const std::string_view line = block.substr(0, end - 1);
    block.remove_prefix(end + 1);
    if (line.empty()) return block.empty();
    size_t colon = 0;
    while (colon < line.size() && is(line[colon], kTokenByte)) ++colon;
    if (colon == 0 || colon == line.size() || line[colon] != ':') return false;
    if (!all(line.substr(colon + 1), kValueByte)) return false;
  }
}

}  // namespace ingress::http
