#include "broker/model/target_template.h"

#include <algorithm>

namespace ingress::broker {
namespace {

constexpr size_t kMaxNameBytes = 32;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

bool is_capture_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

bool each_capture(std::string_view text, const std::function<void(std::string_view name)>& name) {
  while (true) {
    const size_t open = text.find_first_of("{}");
    if (open == std::string_view::npos) return true;
    const size_t close = text.find('}', open);
    if (text[open] == '}' || close == std::string_view::npos) return false;
    const std::string_view found = text.substr(open + 1, close - open - 1);
    if (!is_capture_name(found)) return false;
    name(found);
    text.remove_prefix(close + 1);
  }
}

void expand(std::string_view text, const std::function<std::string_view(std::string_view name)>& value,
            std::string& out) {
  while (true) {
    const size_t open = text.find('{');
    out.append(text.substr(0, open));
    if (open == std::string_view::npos) return;
    const size_t close = text.find('}', open);
    out.append(value(text.substr(open + 1, close - open - 1)));
    text.remove_prefix(close + 1);
  }
}

}  // namespace ingress::broker
