#include <memory>

#include "ctl/nouns.h"
#include "ctl/secret_output.h"

namespace ingress::ctl {
namespace {

struct TokenFlags {
  std::string machine;
  std::string token;
  std::string label;
  std::string output;

  void add_machine(Command command) { command.word("machine", machine, "The machine's id", "ID"); }
  void add_making(Command command) {
    command.option("--label", label, "What it is for, for people", "TEXT");
    command.option("--output", output, "Write the token to this file, mode 0600, and print nothing", "FILE");
  }
  std::string path() const { return "/v1/machines" + segment(machine) + "/tokens"; }
};

Outcome<int> create(Shell& shell, const TokenFlags& flags) {
  if (flags.machine.empty()) return wrong_usage("say which machine: ingressctl machine token ID");
  const Json body = flags.label.empty() ? Json::object() : Json{{"label", flags.label}};
  return show_secret(shell, flags.output,
                     [&shell, &flags, &body] { return shell.session.change("POST", flags.path(), body); });
}

void add_revoke(Command token, Shell& shell) {
  const auto flags = std::make_shared<TokenFlags>();
  Command command =
      shell.command(token, "revoke", "Delete a token; the machine's tunnels close, agents with a good one come back",
                    "ingressctl machine token revoke mach_1 tok_abc", [&shell, flags] {
                      return shell.show_done(shell.session.change("DELETE", flags->path() + segment(flags->token)),
                                             "token " + flags->token + " revoked");
                    });
  flags->add_machine(command);
  command.word("token", flags->token, "The token's id (not the token itself)", "TOKEN");
}

}  // namespace

void add_machine_token(Command machine, Shell& shell) {
  const auto direct = std::make_shared<TokenFlags>();
  Command token = shell.command(machine, "token", "Tokens for a machine's agent; with an id alone: make one",
                                "ingressctl machine token mach_1 --output agent.token",
                                [&shell, direct] { return create(shell, *direct); });
  token.let_command_follow();
  token.optional_word("machine", direct->machine, "The machine's id", "ID");
  direct->add_making(token);

  const auto made = std::make_shared<TokenFlags>();
  Command command = shell.command(token, "create", "Make a token and print it, this once",
                                  "ingressctl machine token create mach_1 --label ci > agent.token",
                                  [&shell, made] { return create(shell, *made); });
  made->add_machine(command);
  made->add_making(command);

  const auto listed = std::make_shared<TokenFlags>();
  command = shell.command(token, "list", "List a machine's tokens (never the secrets)",
                          "ingressctl machine token list mach_1", [&shell, listed] {
                            return shell.show_list(
                                {{"ID", "id"}, {"LABEL", "label"}, {"CREATED", "createdAt"}},
                                shell.session.list({"tokens", listed->path(), {{"machine", listed->machine}}}));
                          });
  listed->add_machine(command);
  add_revoke(token, shell);
}

}  // namespace ingress::ctl
