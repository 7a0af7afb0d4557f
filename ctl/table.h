// Tables and records for people: aligned text, no colour. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/outcome.h"

namespace ingress::ctl {

struct Column {
  std::string title;   // "PORT"
  std::string member;  // "defaultPort"
};

// A value as a cell: text as it is, null as "-", lists joined, objects as JSON. Controls, which a terminal could
// obey or by which text is read in another order, become "?".
std::string cell_text(const Json& value);
// The member's cell, "-" where it is absent.
std::string cell_of(const Json& item, std::string_view member);

// Rows of cells under titles, two spaces between columns, no spaces at a line's end.
std::string table_text(const std::vector<std::string>& titles, const std::vector<std::vector<std::string>>& rows);
std::string table_text(const std::vector<Column>& columns, const Json& items);
// "name  value" lines.
std::string record_text(const Json& item);

}  // namespace ingress::ctl
