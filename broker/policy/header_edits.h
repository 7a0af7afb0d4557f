// Fields that a policy sets, adds and removes. Values may hold variables, {host}, {client_ip}…, and captures of the
// route's pattern. Plain values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingress::broker {

struct HeaderEdits {
  std::vector<std::pair<std::string, std::string>> set;  // takes the place of all of that name
  std::vector<std::pair<std::string, std::string>> add;
  std::vector<std::string> remove;

  bool empty() const { return set.empty() && add.empty() && remove.empty(); }
};

// A field that a policy may edit: a token, and neither framing, nor hop-by-hop, nor one that the broker answers for.
bool may_edit_field(std::string_view name);
// Bytes that a field's value may have, `{name}`s in it well-formed.
bool good_header_value(std::string_view value);

}  // namespace ingress::broker
