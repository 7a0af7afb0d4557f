#include "common/http/trace_ids.h"

#include <algorithm>
#include <array>

namespace ingress::http {
namespace {

constexpr size_t kVersionBytes = 2;
constexpr size_t kTraceBytes = 32;
constexpr size_t kParentBytes = 16;
constexpr size_t kFlagsBytes = 2;
constexpr size_t kTraceAt = kVersionBytes + 1;
constexpr size_t kParentAt = kTraceAt + kTraceBytes + 1;
constexpr size_t kFlagsAt = kParentAt + kParentBytes + 1;
constexpr size_t kTraceparentBytes = kFlagsAt + kFlagsBytes;

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_lower_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

// The two digits of each byte.
constexpr auto kByteDigits = [] {
  std::array<std::array<char, 2>, 256> table{};
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t byte = 0; byte < table.size(); ++byte) table[byte] = {kDigits[byte >> 4], kDigits[byte & 0xf]};
  return table;
}();

// 64 bits as 16 digits.
struct Hex {
  char digits[16];
  explicit Hex(uint64_t number) {
    for (size_t i = 0; i < sizeof(digits); i += 2, number <<= 8) {
      const std::array<char, 2>& pair = kByteDigits[number >> 56];
      digits[i] = pair[0];
      digits[i + 1] = pair[1];
    }
  }
  std::string_view text() const { return {digits, sizeof(digits)}; }
};

}  // namespace

bool is_traceparent(std::string_view value) {
  if (value.size() < kTraceparentBytes) return false;
  const std::string_view version = value.substr(0, kVersionBytes);
  if (!is_lower_hex(version) || version == "ff" || value[kTraceAt - 1] != '-' || value[kParentAt - 1] != '-' ||
      value[kFlagsAt - 1] != '-') {
    return false;
  }
  // A later version may have more behind a further hyphen.
  if (value.size() > kTraceparentBytes && (version == "00" || value[kTraceparentBytes] != '-')) return false;
  return is_id(value.substr(kTraceAt, kTraceBytes)) && is_id(value.substr(kParentAt, kParentBytes)) &&
         is_lower_hex(value.substr(kFlagsAt, kFlagsBytes));
}

bool is_request_id(std::string_view value) {
  constexpr size_t kMostBytes = 128;
  return !value.empty() && value.size() <= kMostBytes &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view new_traceparent(RandomIds& ids, Scratch& scratch) {
  // No id may be zero.
  const Hex trace_high(ids.next() | 1), trace_low(ids.next()), parent(ids.next() | 1);
  return scratch.add({"00-", trace_high.text(), trace_low.text(), "-", parent.text(), "-01"});
}

std::string_view new_request_id(RandomIds& ids, Scratch& scratch) {
  const Hex high(ids.next()), low(ids.next());
  return scratch.add({high.text(), low.text()});
}

}  // namespace ingress::http
