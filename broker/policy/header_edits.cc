#include "broker/policy/header_edits.h"

#include <algorithm>
#include <array>

#include "broker/model/target_template.h"
#include "common/base/token.h"
#include "common/http/head.h"

namespace ingress::broker {
namespace {

constexpr auto kFixed = std::to_array<std::string_view>({
    "connection",
    "content-length",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-iterate-proxy-via",
    "x-iterate-proxy-target-host",
    "x-iterate-error",
});

}  // namespace

bool may_edit_field(std::string_view name) {
  if (name.size() > 128 || !is_token(name)) return false;
  return std::none_of(kFixed.begin(), kFixed.end(),
                      [name](std::string_view each) { return http::iequals(name, each); });
}

bool good_header_value(std::string_view value) {
  const bool clear = std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
  return clear && value.size() <= 4096 && each_capture(value, [](std::string_view) {});
}

}  // namespace ingress::broker
