#include "common/http/trace_ids.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/base/words.h"

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

// 32 bits as the eight bytes of their digits, the first one lowest.
constexpr uint64_t digits_of(uint32_t number) {
  uint64_t bytes = number;
  bytes = (bytes | bytes << 16) & 0x0000ffff0000ffff;
  bytes = (bytes | bytes << 8) & 0x00ff00ff00ff00ff;
  bytes = (bytes | bytes << 4) & every_byte(0x0f);
  const uint64_t letters = (bytes + every_byte(6)) >> 4 & every_byte(1);
  return __builtin_bswap64(bytes + every_byte('0') + letters * ('a' - '0' - 10));
}
static_assert(std::endian::native == std::endian::little, "the first digit is the lowest byte");

// 64 bits as 16 digits.
struct Hex {
  char digits[16];
  explicit Hex(uint64_t number) {
    const uint64_t halves[] = {digits_of(static_cast<uint32_t>(number >> 32)),
                               digits_of(static_cast<uint32_t>(number))};
    std::memcpy(digits, halves, sizeof(digits));
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

std::string_view trace_id_of(std::string_view traceparent) { return traceparent.substr(kTraceAt, kTraceBytes); }

bool is_request_id(std::string_view value) {
  constexpr size_t kMostBytes = 128;
  return !value.empty() && value.size() <= kMostBytes &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

RequestIds ids_of(const Fields& fields) {
  RequestIds ids;
  for (const Field& field : fields) {
    if (ids.trace_id.empty() && iequals(field.name, "traceparent") && is_traceparent(field.value)) {
      ids.trace_id = trace_id_of(field.value);
    } else if (ids.request_id.empty() && iequals(field.name, "X-Request-Id") && is_request_id(field.value)) {
      ids.request_id = field.value;
    }
  }
  return ids;
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
