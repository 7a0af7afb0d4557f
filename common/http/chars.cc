#include "common/http/chars.h"

#include "common/base/words.h"

namespace ingress::http {
namespace {

// Non-zero where one of eight bytes is below 0x20 or is 0x7f. HTAB is among them.
uint64_t suspicious(uint64_t word) { return has_byte_below(word, 0x20) | has_byte(word, 0x7f); }

bool is_control(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

}  // namespace

size_t find_control(std::string_view text, size_t at) {
  constexpr size_t kWord = sizeof(uint64_t);
  while (text.size() - at >= kWord) {
    const uint64_t found = suspicious(load_word(text.data() + at));
    if (found == 0) {
      at += kWord;
      continue;
    }
    at += first_byte(found);
    if (text[at] != '\t') return at;
    ++at;
  }
  while (at < text.size() && !is_control(text[at])) ++at;
  return at;
}

}  // namespace ingress::http
