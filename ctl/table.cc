#include "ctl/table.h"

#include <algorithm>

namespace ingress::ctl {
namespace {

// Columns on the screen, near enough: code points.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string harmless(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = '?';
  }
  // C1 controls as UTF-8: C2 80 to C2 9F.
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0) text.replace(i, 2, "?");
  }
  return text;
}

void add_row(std::string& out, const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    line.append(widths[i] - width_of(cells[i]) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

}  // namespace

std::string cell_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.empty() ? "-" : harmless(text);
  }
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& each) { return each.is_string(); })) {
    std::string text;
    for (const Json& each : value) text += (text.empty() ? "" : ", ") + harmless(each.get<std::string>());
    return text.empty() ? "-" : text;
  }
  return harmless(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string cell_of(const Json& item, std::string_view member) {
  const auto found = item.find(member);
  return found == item.end() ? "-" : cell_text(*found);
}

std::string table_text(const std::vector<std::string>& titles, const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < titles.size(); ++i) {
    size_t width = width_of(titles[i]);
    for (const auto& row : rows) width = std::max(width, width_of(row[i]));
    widths.push_back(width);
  }
  std::string out;
  add_row(out, titles, widths);
  for (const auto& row : rows) add_row(out, row, widths);
  return out;
}

std::string table_text(const std::vector<Column>& columns, const Json& items) {
  std::vector<std::string> titles;
  titles.reserve(columns.size());
  for (const Column& column : columns) titles.push_back(column.title);
  std::vector<std::vector<std::string>> rows;
  for (const Json& item : items) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const Column& column : columns) row.push_back(cell_of(item, column.member));
  }
  return table_text(titles, rows);
}

std::string record_text(const Json& item) {
  size_t width = 0;
  for (const auto& [name, value] : item.items()) width = std::max(width, width_of(name));
  std::string out;
  for (const auto& [name, value] : item.items()) {
    const bool lines = value.is_array() && value.size() > 1;
    std::string text = cell_text(value);
    if (lines) {
      text.clear();
      for (const Json& each : value) {
        if (!text.empty()) text.append("\n").append(width + 2, ' ');
        text += cell_text(each);
      }
    }
    out.append(name).append(width - width_of(name) + 2, ' ').append(text).append("\n");
  }
  return out;
}

}  // namespace ingress::ctl
