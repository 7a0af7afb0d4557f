#include "broker/routing/host_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "broker/model/ids.h"
#include "common/base/byte_block.h"
#include "common/base/words.h"

namespace ingress::broker {
namespace {

// What each byte of a host is read as; 0 for those that none may hold.
constexpr auto kHostBytes = [] {
  std::array<char, 256> table{};
  for (size_t i = 0; i < 26; ++i) table['a' + i] = table['A' + i] = static_cast<char>('a' + i);
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = static_cast<char>(c);
  table['-'] = '-';
  table['_'] = '_';
  return table;
}();

constexpr auto kLabelBytes = [](ByteBlock block) {
  return is_alphanumeric(block) | in_range(block, '-', '.') | is_byte(block, '_');
};

// Between its dots a name has labels, none of them empty or too long.
bool has_good_labels(std::string_view name) {
  while (true) {
    const size_t dot = name.find('.');
    const size_t label = std::min(dot, name.size());
    if (label == 0 || label > kMaxLabelBytes) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

auto invalid_host(const char* rule) { return fail(ErrorCode::kInvalidHost, Side::kClient, rule); }

}  // namespace

char host_byte(char c) { return kHostBytes[static_cast<uint8_t>(c)]; }

Status HostName::assign(std::string_view host) {
  size_ = 0;
  const size_t colon = host.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (!port.empty() && !all_digits(port)) return invalid_host("the Host's port is not a number");
    host = host.substr(0, colon);
  }
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (host.empty()) return invalid_host("the Host is empty");
  if (host.size() > kMaxHostBytes) return invalid_host("the Host has over 253 bytes");
  if (!every_byte_of(host, kLabelBytes)) return invalid_host("the Host has a character that no host name has");
  if (!has_good_labels(host)) return invalid_host("the Host has a label that is empty or over 63 bytes");
  size_t at = 0;
  for (; host.size() - at >= 8; at += 8) {
    const uint64_t word = lower_word(load_word(host.data() + at));
    std::memcpy(text_ + at, &word, sizeof word);
  }
  for (; at < host.size(); ++at) text_[at] = host[at] == '.' ? '.' : host_byte(host[at]);
  size_ = host.size();
  return {};
}

std::string_view first_label(std::string_view name) { return name.substr(0, name.find('.')); }

std::string_view after_first_label(std::string_view name) {
  const size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

std::string_view last_label(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::string_view before_last_label(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

}  // namespace ingress::broker
