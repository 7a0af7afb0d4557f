#include "agent/session/response_fields.h"

#include <array>

namespace ingress::agent {
namespace {

using http::iequals;

constexpr int kSwitchingProtocols = 101;
constexpr int kUpgradeRequired = 426;
constexpr std::array<std::string_view, 4> kHopByHop = {"connection", "keep-alive", "proxy-connection",
                                                       "transfer-encoding"};

// Length first: most fields are passed on after one comparison of a number.
bool is_hop_by_hop(std::string_view name) {
  for (const std::string_view hop : kHopByHop) {
    if (name.size() == hop.size() && iequals(name, hop)) return true;
  }
  return false;
}

// A Connection field that names more than the options every server sends.
bool names_fields(std::string_view value) {
  return !iequals(value, "keep-alive") && !iequals(value, "close") && !iequals(value, "upgrade");
}

bool is_named_by_connection(const http::Fields& fields, std::string_view name) {
  return http::has_token(fields, "connection", name);
}

}  // namespace

void end_to_end_fields(const http::Fields& fields, int status, http::Fields& out) {
  const bool upgrades = status == kSwitchingProtocols || status == kUpgradeRequired;
  out.clear();
  bool named = false;
  for (const http::Field& field : fields) {
    if (is_hop_by_hop(field.name)) {
      if (iequals(field.name, "connection") && names_fields(field.value)) named = true;
      continue;
    }
    if (iequals(field.name, "upgrade") && !upgrades) continue;
    out.push_back(field);
  }
  if (!named) return;
  // Upgrade is named by Connection wherever it is real.
  std::erase_if(out, [&fields](const http::Field& field) {
    return !iequals(field.name, "upgrade") && is_named_by_connection(fields, field.name);
  });
}

}  // namespace ingress::agent
