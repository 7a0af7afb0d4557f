#include "ctl/usage.h"

#include <CLI/CLI.hpp>

#include "common/cli/values.h"

namespace ingress::ctl {
namespace {

bool is_flag(const std::string& word) { return word.size() > 1 && word.front() == '-'; }
std::string flag_of(const std::string& word) { return word.substr(0, word.find('=')); }

// Among the command's flags and those of the commands that it stands under.
const CLI::Option* find_flag(const CLI::App* app, const std::string& flag) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(flag)) return option;
  }
  return nullptr;
}

std::vector<std::string> flags_of(const CLI::App* app) {
  std::vector<std::string> flags;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  return flags;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(each->get_name());
  }
  return names;
}

std::string meant(std::string_view near) {
  return near.empty() ? std::string() : "; did you mean '" + std::string(near) + "'?";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string name_of(const CLI::App* app) {
  const CLI::App* parent = app->get_parent();
  return (parent == nullptr ? "" : name_of(parent) + " ") + app->get_name();
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (each->get_name() == name) return each;
  }
  return nullptr;
}

// Of CLI11's complaint the first line, without a full stop.
std::string first_line(const std::string& complaint) {
  std::string line = complaint.substr(0, complaint.find('\n'));
  while (line.ends_with('.')) line.pop_back();
  return line;
}

}  // namespace

Usage explain_usage(const CLI::App& app, const std::vector<std::string>& words, const std::string& complaint) {
  const CLI::App* at = &app;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string help = name_of(at) + " --help";
    if (is_flag(words[i])) {
      const CLI::Option* option = find_flag(at, flag_of(words[i]));
      if (option == nullptr) {
        const std::string flag = flag_of(words[i]);
        return {"unknown flag " + flag + meant(cli::nearest(flag, flags_of(at))), help};
      }
      const bool takes_value = option->get_expected_max() > 0;
      if (takes_value && words[i].find('=') == std::string::npos) ++i;
      continue;
    }
    const std::vector<std::string> commands = commands_of(*at);
    const CLI::App* next = find_command(*at, words[i]);
    if (next != nullptr) {
      at = next;
    } else if (!commands.empty() && at->get_require_subcommand_min() > 0) {
      const std::string_view near = cli::nearest(words[i], commands);
      return {"unknown command '" + words[i] + "'" +
                  (near.empty() ? "; the commands are " + joined(commands) : meant(near)),
              help};
    }
  }
  const bool lacks_command = at->get_require_subcommand_min() > 0;
  const std::string sentence =
      lacks_command ? "which command? They are " + joined(commands_of(*at)) : first_line(complaint);
  return {sentence, name_of(at) + " --help"};
}

}  // namespace ingress::ctl
