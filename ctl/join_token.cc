#include <memory>

#include "ctl/nouns.h"
#include "ctl/secret_output.h"
#include "ctl/time_to_live.h"

namespace ingress::ctl {
namespace {

struct JoinFlags {
  std::string id;
  std::string project;
  std::string label;
  std::string output;
  long long uses = 1;
  TimeToLive ttl;
  bool any_number = false;

  Outcome<Json> body() const {
    Json body = Json::object();
    if (!project.empty()) body["project"] = project;
    if (!label.empty()) body["label"] = label;
    body["uses"] = any_number ? Json() : Json(uses);
    if (const auto good = ttl.put_into(body); !good) return tl::unexpected(good.error());
    return body;
  }
};

constexpr const char* kPath = "/v1/join-tokens";

void add_create(Command join, Shell& shell) {
  const auto flags = std::make_shared<JoinFlags>();
  Command command = shell.command(
      join, "create", "Make a join token and print it, this once",
      "ingressctl machine join-token create --uses 20 --ttl 3600 --project misha > join.token", [&shell, flags] {
        return show_secret(shell, flags->output, [&shell, &flags]() -> Outcome<Json> {
          Outcome<Json> body = flags->body();
          if (!body) return body;
          return shell.session.change("POST", kPath, *body);
        });
      });
  command.number("--uses", flags->uses, 1, "How many machines it makes [1]", "COUNT");
  command.flag("--any-number", flags->any_number, "It makes any number of machines");
  flags->ttl.add_to(command);
  command.option("--project", flags->project, "The machines belong to this project", "PROJECT");
  command.option("--label", flags->label, "What it is for, for people", "TEXT");
  command.option("--output", flags->output, "Write the token to this file, mode 0600, and print nothing", "FILE");
}

}  // namespace

void add_join_token(Command machine, Shell& shell) {
  Command join = Shell::group(machine, "join-token", "Tokens by which agents make their machines",
                              "ingressctl machine join-token create --uses 20 > join.token");
  add_create(join, shell);

  const auto listed = std::make_shared<JoinFlags>();
  shell
      .command(join, "list", "List join tokens (never the secrets)", "ingressctl machine join-token list",
               [&shell, listed] {
                 Ask ask{"join_tokens", kPath, {}};
                 if (!listed->project.empty()) {
                   ask.path += "?project=" + percent_encoded(listed->project);
                   ask.where.emplace_back("project", listed->project);
                 }
                 return shell.show_list({{"ID", "id"},
                                         {"PROJECT", "project"},
                                         {"USES LEFT", "usesLeft"},
                                         {"EXPIRES", "expiresAt"},
                                         {"LABEL", "label"}},
                                        shell.session.list(ask));
               })
      .option("--project", listed->project, "Only those of this project", "PROJECT");

  const auto revoked = std::make_shared<JoinFlags>();
  shell
      .command(join, "revoke", "Delete a join token; machines that it made keep theirs",
               "ingressctl machine join-token revoke jt_abc",
               [&shell, revoked] {
                 return shell.show_done(shell.session.change("DELETE", kPath + segment(revoked->id)),
                                        "join token " + revoked->id + " revoked");
               })
      .word("token", revoked->id, "The token's id (not the token itself)", "TOKEN");
}

}  // namespace ingress::ctl
