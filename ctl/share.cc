#include <memory>

#include "ctl/nouns.h"
#include "ctl/time_to_live.h"

namespace ingress::ctl {
namespace {

struct ShareFlags {
  std::string id;
  std::string host;
  std::string path;
  std::string label;
  std::string project;
  TimeToLive ttl;

  std::string url() const { return "/v1/shares" + segment(id); }
};

Outcome<int> create(Shell& shell, const ShareFlags& flags) {
  Json body{{"host", flags.host}};
  if (!flags.path.empty()) body["path"] = flags.path;
  if (!flags.label.empty()) body["label"] = flags.label;
  if (const auto good = flags.ttl.put_into(body); !good) return tl::unexpected(good.error());
  return shell.show_record(shell.session.change("POST", "/v1/shares", body));
}

Outcome<int> extend(Shell& shell, const ShareFlags& flags) {
  Json body = Json::object();
  if (const auto good = flags.ttl.put_into(body); !good) return tl::unexpected(good.error());
  if (body.empty()) return wrong_usage("say how long it is good for from now on: --ttl 1h, or --ttl never");
  return shell.show_record(shell.session.change("PATCH", flags.url(), body));
}

Outcome<int> list(Shell& shell, const ShareFlags& flags) {
  Ask ask{"shares", "/v1/shares", {}};
  if (!flags.project.empty()) {
    ask.path += "?project=" + percent_encoded(flags.project);
    ask.where.emplace_back("project", flags.project);
  }
  return shell.show_list({{"ID", "id"},
                          {"HOST", "host"},
                          {"PATH", "path"},
                          {"PORT", "port"},
                          {"EXPIRES", "expiresAt"},
                          {"LABEL", "label"}},
                         shell.session.list(ask));
}

}  // namespace

void add_share(Command app, Shell& shell) {
  Command share = Shell::group(app, "share", "Links that let in whoever has one, where the policy has auth share",
                               "ingressctl share create 4096__misha.iterate.app --ttl 1d");
  const auto made = std::make_shared<ShareFlags>();
  Command command = shell.command(share, "create", "Make a link to a host, and show it: it is shown once",
                                  "ingressctl share create misha.iterate.app --path /docs --ttl 8h",
                                  [&shell, made] { return create(shell, *made); });
  command.word("host", made->host, "The host", "HOST");
  command.option("--path", made->path, "What is let in: this path and all below it [/]", "PATH");
  command.option("--label", made->label, "Whom it is for", "TEXT");
  made->ttl.add_to(command);

  const auto listed = std::make_shared<ShareFlags>();
  shell
      .command(share, "list", "List shares", "ingressctl share list", [&shell, listed] { return list(shell, *listed); })
      .option("--project", listed->project, "Only those of this project", "PROJECT");

  const auto extended = std::make_shared<ShareFlags>();
  command = shell.command(share, "extend", "Give a share another time to live", "ingressctl share extend sh_1 --ttl 7d",
                          [&shell, extended] { return extend(shell, *extended); });
  command.word("id", extended->id, "The share's id", "ID");
  extended->ttl.add_to(command);

  const auto revoked = std::make_shared<ShareFlags>();
  shell
      .command(share, "revoke", "End a share: who came in by it is out within a second", "ingressctl share revoke sh_1",
               [&shell, revoked] {
                 return shell.show_done(shell.session.change("DELETE", revoked->url()),
                                        "share " + revoked->id + " revoked");
               })
      .word("id", revoked->id, "The share's id", "ID");
}

}  // namespace ingress::ctl
