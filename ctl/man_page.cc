#include "ctl/man_page.h"

#include <string_view>

namespace ingress::ctl {
namespace {

// Of what is said here; the commands say the rest.
constexpr std::string_view kDate = "2026-11-30";

std::string escaped(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    at_start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + escaped(text) + "\\fR"; }

std::string option_text(const OptionNode& option) {
  std::string head;
  for (const std::string& name : option.names) head += (head.empty() ? "" : ", ") + bold(name);
  if (!option.shown.empty()) head += (head.empty() ? "" : " ") + italic(option.shown);
  return ".TP\n" + head + "\n" + escaped(option.help) + "\n";
}

std::string synopsis(const CommandNode& node, const std::string& path) {
  std::string text = bold(path);
  for (const OptionNode& word : node.words) {
    text += word.required ? " " + italic(word.shown) : " [" + italic(word.shown) + "]";
  }
  return text;
}

std::string lines(const std::string& example) {
  return example.empty() ? "" : ".PP\n.nf\n" + escaped(example) + "\n.fi\n";
}

void add_commands(const CommandNode& node, const std::string& path, std::string& out) {
  for (const CommandNode& each : node.commands) {
    const std::string name = path + " " + each.name;
    if (each.commands.empty() || !each.words.empty() || each.options.size() > 1) {
      out += ".SS " + synopsis(each, name) + "\n" + escaped(each.help) + ".\n";
      for (const OptionNode& word : each.words) out += option_text(word);
      for (const OptionNode& option : each.options) {
        if (option.names.front() != "--help") out += option_text(option);
      }
      out += lines(each.example);
    }
    add_commands(each, name, out);
  }
}

}  // namespace

std::string man_page(const CommandNode& program, const std::string& version) {
  std::string out = ".TH INGRESSCTL 1 \"" + std::string(kDate) + "\" \"" + program.name + " " + escaped(version) +
                    "\" \"User Commands\"\n";
  out += ".SH NAME\n" + program.name + " \\- shows and changes what an ingress broker serves\n";
  out += ".SH SYNOPSIS\n" + bold(program.name) + " [" + italic("OPTION") + "]... " + italic("COMMAND") + " ...\n";
  out += ".SH DESCRIPTION\n" + escaped(program.help) + "\n";
  out += ".SH OPTIONS\nThese may be said with every command.\n";
  for (const OptionNode& option : program.options) out += option_text(option);
  out += ".SH COMMANDS\n";
  add_commands(program, program.name, out);
  out += ".SH EXIT STATUS\n0 good, 1 failed, 2 usage, 4 not authorised.\n";
  out += ".SH ENVIRONMENT\n" + bold("INGRESS_ADMIN") + ", " + bold("INGRESS_TOKEN") + " and " +
         bold("INGRESS_TOKEN_FILE") + " stand for the options of these names.\n";
  return out + ".SH EXAMPLE\n.nf\n" + escaped(program.example) + "\n.fi\n";
}

}  // namespace ingress::ctl
