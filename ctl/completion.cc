#include "ctl/completion.h"

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace ingress::ctl {
namespace {

// In single quotes, for each of the shells.
std::string quoted(std::string_view text, std::string_view quote_inside) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += quote_inside;
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out + "'";
}
std::string posix(std::string_view text) { return quoted(text, R"('\'')"); }
std::string fish(std::string_view text) { return quoted(text, R"(\')"); }

// Calls `take` for each command with the names that lead to it, each with a space before: "" is the program's own.
void walk(const CommandNode& node, const std::string& path,
          const std::function<void(const CommandNode&, const std::string& path)>& take) {
  take(node, path);
  for (const CommandNode& each : node.commands) walk(each, path + " " + each.name, take);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Case branches by which the words before the cursor become a path.
std::string path_cases(const CommandNode& program) {
  std::string cases;
  walk(program, "", [&cases](const CommandNode&, const std::string& path) {
    if (!path.empty()) cases += (cases.empty() ? "" : "|") + posix(path);
  });
  return cases;
}

// Those of a command, and the program's, which may be said with every one.
std::vector<const OptionNode*> options_of(const CommandNode& node, const CommandNode& program) {
  std::vector<const OptionNode*> options;
  for (const OptionNode& option : node.options) options.push_back(&option);
  if (&node == &program) return options;
  for (const OptionNode& option : program.options) {
    if (option.names.front() != "--version" && option.names.front() != "--help") options.push_back(&option);
  }
  return options;
}

bool takes_file(const OptionNode& option) { return option.shown.starts_with("FILE") || option.shown == "DIR"; }

// Patterns of the words before the cursor where a value is to come: a path and its flag. A flag of the program's may
// follow any path.
struct ValuePlaces {
  std::vector<std::pair<std::string, const OptionNode*>> choices;
  std::string files;  // those of several are joined by |
  std::string others;
};

// `path` is null for the program's own flags.
std::string pattern_of(const std::string* path, const std::string& name) {
  return path == nullptr ? "*" + posix(" " + name) : posix(*path + " " + name);
}

ValuePlaces value_places(const CommandNode& program) {
  ValuePlaces places;
  walk(program, "", [&places, &program](const CommandNode& node, const std::string& path) {
    for (const OptionNode& option : node.options) {
      if (option.shown.empty()) continue;
      for (const std::string& name : option.names) {
        const std::string pattern = pattern_of(&node == &program ? nullptr : &path, name);
        if (!option.choices.empty()) {
          places.choices.emplace_back(pattern, &option);
          continue;
        }
        std::string& to = takes_file(option) ? places.files : places.others;
        to += (to.empty() ? "" : "|") + pattern;
      }
    }
  });
  return places;
}

// What bash does where a value is to come: words, files (its default), or nothing.
std::string bash_values(const CommandNode& program) {
  const ValuePlaces places = value_places(program);
  std::string cases;
  for (const auto& [pattern, option] : places.choices) {
    cases += "    " + pattern + ") words=" + posix(joined(option->choices)) + " ;;\n";
  }
  if (!places.files.empty()) cases += "    " + places.files + ") return ;;\n";
  if (!places.others.empty()) cases += "    " + places.others + ") compopt +o default 2>/dev/null; return ;;\n";
  return cases;
}

std::string zsh_values(const CommandNode& program) {
  const ValuePlaces places = value_places(program);
  std::string cases;
  for (const auto& [pattern, option] : places.choices) {
    cases += "    (" + pattern + ") compadd -- " + joined(option->choices) + "; return ;;\n";
  }
  if (!places.files.empty()) cases += "    (" + places.files + ") _files; return ;;\n";
  if (!places.others.empty()) cases += "    (" + places.others + ") _message value; return ;;\n";
  return cases;
}

}  // namespace

std::string bash_completion(const CommandNode& program) {
  const std::string& name = program.name;
  std::string out = "# bash completion of " + name + ": source <(" + name + " completion bash)\n_" + name +
                    "() {\n"
                    "  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path= i\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "    case \"$path ${COMP_WORDS[i]}\" in\n      " +
                    path_cases(program) +
                    ") path=\"$path ${COMP_WORDS[i]}\" ;;\n    esac\n  done\n"
                    "  local words=\n  COMPREPLY=()\n  case \"$path $previous\" in\n" +
                    bash_values(program) + "  esac\n  if [[ -z $words ]]; then\n    case \"$path\" in\n";
  walk(program, "", [&](const CommandNode& node, const std::string& path) {
    std::vector<std::string> words;
    for (const CommandNode& each : node.commands) words.push_back(each.name);
    for (const OptionNode& word : node.words) words.insert(words.end(), word.choices.begin(), word.choices.end());
    for (const OptionNode* option : options_of(node, program)) {
      words.insert(words.end(), option->names.begin(), option->names.end());
    }
    out += "      " + posix(path) + ") words=" + posix(joined(words)) + " ;;\n";
  });
  return out +
         "    esac\n  fi\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -o default -F _" +
         name + " " + name + "\n";
}

std::string zsh_completion(const CommandNode& program) {
  const std::string& name = program.name;
  std::string out = "#compdef " + name + "\n# zsh completion of " + name + ": " + name +
                    " completion zsh > \"${fpath[1]}/_" + name + "\"\n_" + name +
                    "() {\n"
                    "  local at='' i\n"
                    "  for ((i = 2; i < CURRENT; i++)); do\n"
                    "    case \"$at ${words[i]}\" in\n      (" +
                    path_cases(program) +
                    ") at=\"$at ${words[i]}\" ;;\n    esac\n  done\n"
                    "  case \"$at ${words[CURRENT-1]}\" in\n" +
                    zsh_values(program);
  out += "  esac\n  local -a entries\n  case \"$at\" in\n";
  walk(program, "", [&](const CommandNode& node, const std::string& path) {
    out += "    (" + posix(path) + ") entries=(";
    const auto entry = [&out](const std::string& word, std::string help) {
      for (size_t i = help.find(':'); i != std::string::npos; i = help.find(':', i + 2)) help.replace(i, 1, "\\:");
      out += " " + posix(word + ":" + help);
    };
    for (const CommandNode& each : node.commands) entry(each.name, each.help);
    for (const OptionNode& word : node.words) {
      for (const std::string& choice : word.choices) entry(choice, word.help);
    }
    for (const OptionNode* option : options_of(node, program)) {
      for (const std::string& flag : option->names) entry(flag, option->help);
    }
    out += " ) ;;\n";
  });
  return out + "  esac\n  _describe -t commands '" + name + "' entries || _files\n}\n_" + name + " \"$@\"\n";
}

std::string fish_completion(const CommandNode& program) {
  const std::string& name = program.name;
  std::string paths;
  walk(program, "", [&paths](const CommandNode&, const std::string& path) {
    if (!path.empty()) paths += (paths.empty() ? "" : " ") + fish(path);
  });
  std::string out = "# fish completion of " + name + ": " + name + " completion fish | source\nfunction __" + name +
                    "_at\n  set -l at ''\n  for word in (commandline -opc)[2..-1]\n"
                    "    if contains -- \"$at $word\" " +
                    paths + "\n      set at \"$at $word\"\n    end\n  end\n  test \"$at\" = \"$argv[1]\"\nend\n";
  walk(program, "", [&](const CommandNode& node, const std::string& path) {
    const std::string line = "complete -c " + name + " -n " + fish("__" + name + "_at " + fish(path));
    for (const CommandNode& each : node.commands) {
      out += line + " -f -a " + fish(each.name) + " -d " + fish(each.help) + "\n";
    }
    for (const OptionNode& word : node.words) {
      if (!word.choices.empty()) out += line + " -f -a " + fish(joined(word.choices)) + " -d " + fish(word.help) + "\n";
    }
    for (const OptionNode* option : options_of(node, program)) {
      for (const std::string& flag : option->names) {
        out += line + (flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1));
        if (!option->shown.empty()) out += takes_file(*option) ? " -r" : " -x";
        if (!option->choices.empty()) out += " -a " + fish(joined(option->choices));
        out += " -d " + fish(option->help) + "\n";
      }
    }
  });
  return out;
}

}  // namespace ingress::ctl
