#include "broker/routing/host_name.h"

#include <array>
#include <cstdint>

#include "broker/model/ids.h"

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

auto invalid_host() { return fail(ErrorCode::kInvalidHost, Side::kClient, "reading the host"); }

}  // namespace

char host_byte(char c) { return kHostBytes[static_cast<uint8_t>(c)]; }

Status HostName::assign(std::string_view host) {
  size_ = 0;
  const size_t colon = host.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (!port.empty() && !all_digits(port)) return invalid_host();
    host = host.substr(0, colon);
  }
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (host.empty() || host.size() > kMaxHostBytes) return invalid_host();
  size_t label = 0;
  for (size_t i = 0; i < host.size(); ++i) {
    if (host[i] == '.') {
      if (label == 0) return invalid_host();
      label = 0;
      text_[i] = '.';
      continue;
    }
    const char c = host_byte(host[i]);
    if (c == 0 || ++label > kMaxLabelBytes) return invalid_host();
    text_[i] = c;
  }
  if (label == 0) return invalid_host();
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
