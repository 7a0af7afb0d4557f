// The command line as a tree of values: what completion and the man page are made from.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ingress::ctl {

struct OptionNode {
  std::vector<std::string> names;  // "--json", "-f"; empty for a word by its place
  std::string shown;               // "FILE", "" for a flag
  std::string help;
  std::vector<std::string> choices;  // values that it takes, where they are few
  bool required = false;
};

struct CommandNode {
  std::string name;
  std::string help;
  std::string example;
  std::vector<OptionNode> options;
  std::vector<OptionNode> words;
  std::vector<CommandNode> commands;
};

CommandNode tree_of(const CLI::App& app);

}  // namespace ingress::ctl
