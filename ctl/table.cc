#include "ctl/table.h"

#include <algorithm>

namespace ingress::ctl {
namespace {

// Columns on the screen, near enough: code points.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The length of the control that the text begins with, 0 where it begins with none: C0 and DEL, and as UTF-8 the C1
// controls and those that order or break lines of text (U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069).
size_t control_length(std::string_view text) {
  const auto byte = [text](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [](unsigned value, unsigned least, unsigned most) { return value >= least && value <= most; };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && within(byte(1), 0x80, 0x9F)) return 2;
  if (byte(0) == 0xD8 && byte(1) == 0x9C) return 2;
  if (byte(0) != 0xE2) return 0;
  const bool ordering = byte(1) == 0x80 && (within(byte(2), 0x8E, 0x8F) || within(byte(2), 0xA8, 0xAE));
  const bool isolating = byte(1) == 0x81 && within(byte(2), 0xA6, 0xA9);
  return ordering || isolating ? 3 : 0;
}

std::string harmless(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const size_t control = control_length(text);
    shown += control == 0 ? text.front() : '?';
    text.remove_prefix(control == 0 ? 1 : control);
  }
  return shown;
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
