#include <memory>
#include <ostream>

#include "ctl/completion.h"
#include "ctl/man_page.h"
#include "ctl/nouns.h"

namespace ingress::ctl {

void add_help_pages(Command app, Shell& shell, const std::string& version) {
  const CLI::App* program = &app.app();
  const auto name = std::make_shared<std::string>();
  Command command = shell.command(app, "completion", "Print a completion script for a shell",
                                  "source <(ingressctl completion bash)", [&shell, name, program] {
                                    const CommandNode tree = tree_of(*program);
                                    shell.out() << (*name == "bash"  ? bash_completion(tree)
                                                    : *name == "zsh" ? zsh_completion(tree)
                                                                     : fish_completion(tree));
                                    return Outcome<int>(cli::kExitGood);
                                  });
  command.choice_word("shell", *name, {"bash", "zsh", "fish"}, "The shell", "bash|zsh|fish");

  shell.command(app, "man", "Print the man page", "ingressctl man | man -l -", [&shell, program, version] {
    shell.out() << man_page(tree_of(*program), version);
    return Outcome<int>(cli::kExitGood);
  });
}

}  // namespace ingress::ctl
