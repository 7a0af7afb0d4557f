#include "common/cli/help_format.h"

#include <CLI/CLI.hpp>

namespace ingress::cli {
namespace {

constexpr size_t kColumns = 80;
constexpr size_t kNameColumns = 30;

// The blank that ends the first piece of `text`: the last one within `most`, else the first one at all; npos for none.
size_t break_of(std::string_view text, size_t most, bool is_command) {
  size_t found = std::string_view::npos;
  char quote = 0;
  for (size_t i = text.find_first_not_of(' '); i < text.size(); ++i) {
    if (i > most && found != std::string_view::npos) break;
    const char c = text[i];
    if (c == ' ' && quote == 0) found = i;
    if (!is_command) continue;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    }
  }
  return found;
}

void append_wrapped(std::string& out, std::string_view line, size_t columns) {
  const bool is_command = line.starts_with(' ');
  const std::string_view ending = is_command ? " \\" : "";
  const std::string indent = is_command ? std::string(line.find_first_not_of(' ') + 4, ' ') : "";
  std::string rest(line);
  while (rest.size() > columns) {
    const size_t end = break_of(rest, columns - ending.size(), is_command);
    if (end == std::string::npos) break;
    out.append(rest, 0, end).append(ending).append("\n");
    rest.replace(0, end + 1, indent);
  }
  out += rest;
}

// A name, and what it is in the lines beside it.
std::string entry(const std::string& name, const std::string& help) {
  std::string out = "  " + name;
  if (help.empty()) return out + "\n";
  if (out.size() >= kNameColumns) out += '\n';
  const size_t line = out.rfind('\n') + 1;  // 0 where there is none
  out.append(kNameColumns - (out.size() - line), ' ');
  for (const char c : wrapped(help, kColumns - kNameColumns)) {
    out += c;
    if (c == '\n') out.append(kNameColumns, ' ');
  }
  return out + "\n";
}

class HelpFormat : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override {
    return wrapped(CLI::Formatter::make_description(app), kColumns);
  }
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return entry(make_option_name(option, is_positional) + make_option_opts(option), make_option_desc(option));
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return entry(command->get_display_name(true), command->get_description());
  }
  std::string make_footer(const CLI::App* app) const override {
    return wrapped(CLI::Formatter::make_footer(app), kColumns);
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format() { return std::make_shared<HelpFormat>(); }

std::string wrapped(std::string_view text, size_t columns) {
  std::string out;
  while (true) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.find_first_not_of(' ') != std::string_view::npos) append_wrapped(out, line, columns);
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace ingress::cli
