#include "common/cli/toml_document.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <sstream>
#include <toml.hpp>
#include <utility>

#include "common/base/read_file.h"
#include "common/cli/toml_parse.h"

namespace ingress::cli {
namespace {

tl::unexpected<std::string> refuse(std::string text) { return tl::unexpected<std::string>(std::move(text)); }

void append_text(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
}

bool append_value(std::string& out, const toml::value& value);

bool append_table(std::string& out, const toml::table& table) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : table) {
    if (!std::exchange(first, false)) out += ',';
    append_text(out, name);
    out += ':';
    if (!append_value(out, value)) return false;
  }
  out += '}';
  return true;
}

bool append_array(std::string& out, const toml::array& array) {
  out += '[';
  bool first = true;
  for (const toml::value& value : array) {
    if (!std::exchange(first, false)) out += ',';
    if (!append_value(out, value)) return false;
  }
  out += ']';
  return true;
}

bool append_value(std::string& out, const toml::value& value) {
  if (value.is_table()) return append_table(out, value.as_table());
  if (value.is_array()) return append_array(out, value.as_array());
  if (value.is_string()) {
    append_text(out, toml::get<std::string>(value));
  } else if (value.is_integer()) {
    out += std::to_string(value.as_integer());
  } else if (value.is_boolean()) {
    out += value.as_boolean() ? "true" : "false";
  } else if (value.is_floating() && std::isfinite(value.as_floating())) {
    std::ostringstream number;
    number << value.as_floating();
    out += number.str();
  } else {
    return false;
  }
  return true;
}

}  // namespace

Parsed<std::string> read_document(const std::string& path) {
  Result<std::string> text = path == "-" ? read_file(STDIN_FILENO) : read_file(path);
  if (!text) return refuse(cannot_read(path == "-" ? "standard input" : path, text.error()));
  if (path.ends_with(".json") || text->starts_with('{')) return std::move(*text);
  const Parsed<toml::value> root = parse_toml(*text, path);
  if (!root) return refuse(root.error());
  std::string json;
  if (!append_table(json, root->as_table())) return refuse(path + " holds a date, which is no value here");
  return json;
}

}  // namespace ingress::cli
