#include "ctl/command_tree.h"

#include <CLI/CLI.hpp>

namespace ingress::ctl {
namespace {

// "Example:\n  ingressctl …" without its heading.
std::string example_in(std::string footer) {
  constexpr std::string_view kHeading = "Example:\n";
  const size_t at = footer.find(kHeading);
  if (at == std::string::npos) return {};
  footer.erase(0, at + kHeading.size());
  return footer;
}

// Of "{fail,overwrite}", as CLI11 describes a membership.
std::vector<std::string> choices_in(const CLI::Option& option) {
  std::string text = option.get_type_name();
  const size_t open = text.find('{');
  const size_t close = text.find('}', open == std::string::npos ? 0 : open);
  std::vector<std::string> choices;
  if (open == std::string::npos || close == std::string::npos) return choices;
  text = text.substr(open + 1, close - open - 1);
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    choices.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return choices;
}

OptionNode node_of(const CLI::Option& option) {
  OptionNode node;
  for (const std::string& name : option.get_lnames()) node.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) node.names.push_back("-" + name);
  if (option.get_expected_max() > 0) node.shown = option.get_option_text().empty() ? "VALUE" : option.get_option_text();
  node.help = option.get_description();
  node.choices = choices_in(option);
  node.required = option.get_required();
  return node;
}

}  // namespace

CommandNode tree_of(const CLI::App& app) {
  CommandNode node{app.get_name(), app.get_description(), example_in(app.get_footer()), {}, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    (option->nonpositional() ? node.options : node.words).push_back(node_of(*option));
  }
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    node.commands.push_back(tree_of(*each));
  }
  return node;
}

}  // namespace ingress::ctl
