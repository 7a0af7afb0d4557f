#include <memory>

#include "ctl/nouns.h"
#include "ctl/secret_output.h"
#include "ctl/time_to_live.h"

namespace ingress::ctl {
namespace {

constexpr const char* kPath = "/v1/tokens";

struct AccessFlags {
  std::string id;
  std::string role;
  std::string label;
  std::string output;
  TimeToLive ttl;
  std::string overlap = "3600";

  void add_id(Command command) { command.word("token", id, "The token's id (not the token itself)", "TOKEN"); }
  void add_output(Command command) {
    command.option("--output", output, "Write the token to this file, mode 0600, and print nothing", "FILE");
  }
};

void add_making(Command token, Shell& shell) {
  const auto made = std::make_shared<AccessFlags>();
  Command command =
      shell.command(token, "create", "Make a token and print it, this once",
                    "ingressctl token create --role project:misha --ttl 86400 > misha.token", [&shell, made] {
                      return show_secret(shell, made->output, [&shell, &made]() -> Outcome<Json> {
                        Json body{{"role", made->role}, {"label", made->label}};
                        if (const auto good = made->ttl.put_into(body); !good) return tl::unexpected(good.error());
                        return shell.session.change("POST", kPath, body);
                      });
                    });
  command.required_option("--role", made->role, "read, write, project:SLUG, or tcp:MACHINE:PORT (* for any port)",
                          "ROLE");
  command.option("--label", made->label, "What it is for, for people", "TEXT");
  made->ttl.add_to(command);
  made->add_output(command);

  const auto rotated = std::make_shared<AccessFlags>();
  command = shell.command(
      token, "rotate", "Make another one for the same, and end the old one a little later",
      "ingressctl token rotate at_abc --overlap 600 > misha.token", [&shell, rotated] {
        return show_secret(shell, rotated->output, [&shell, &rotated]() -> Outcome<Json> {
          const Outcome<long long> overlap = seconds_of("--overlap", rotated->overlap);
          if (!overlap) return tl::unexpected(overlap.error());
          return shell.session.change("POST", kPath + segment(rotated->id) + "/rotate", Json{{"overlap", *overlap}});
        });
      });
  rotated->add_id(command);
  command.option("--overlap", rotated->overlap, "How long the old one is good for yet, as 600 (seconds) or 1h [3600]",
                 "TIME");
  rotated->add_output(command);
}

}  // namespace

void add_token(Command app, Shell& shell) {
  Command token = Shell::group(app, "token", "Tokens of this API: who reads, who changes, and what",
                               "ingressctl token create --role read > read.token");
  add_making(token, shell);
  shell.command(token, "list", "List tokens (never the secrets)", "ingressctl token list", [&shell] {
    return shell.show_list(
        {{"ID", "id"}, {"ROLE", "role"}, {"LABEL", "label"}, {"CREATED", "createdAt"}, {"EXPIRES", "expiresAt"}},
        shell.session.list({"access_tokens", kPath, {}}));
  });
  const auto revoked = std::make_shared<AccessFlags>();
  revoked->add_id(shell.command(token, "revoke", "Delete a token: it is good for nothing at once",
                                "ingressctl token revoke at_abc", [&shell, revoked] {
                                  return shell.show_done(shell.session.change("DELETE", kPath + segment(revoked->id)),
                                                         "token " + revoked->id + " revoked");
                                }));
}

}  // namespace ingress::ctl
