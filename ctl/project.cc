#include <memory>

#include "ctl/nouns.h"
#include "ctl/policy_flags.h"
#include "ctl/record_edit.h"

namespace ingress::ctl {
namespace {

struct ProjectFlags {
  std::string slug;
  std::string machine;
  int port = 0;
  std::string suspended;
  std::string metadata;
  std::string limits;
  std::string wildcard_certificate;
  PolicyFlags policy;

  Command add_slug(Command command) {
    command.word("slug", slug, "The project's slug", "PROJECT");
    return command;
  }
  void add_settings(Command command) {
    command.port("--port", port, "Its default port [3000]");
    command.choice("--suspended", suspended, {"true", "false"}, "true: its hosts answer 403", "BOOL");
    command.option("--metadata", metadata, "Anything of yours, as a JSON object", "JSON");
    command.option(
        "--limits", limits,
        "What it may have, as {\"machines\": 10, \"routes\": 100, \"streams\": 50, \"bytes_per_second\": \"10m\"}",
        "JSON");
    command.choice("--wildcard-certificate", wildcard_certificate, {"true", "false"},
                   "true: a certificate of *.PROJECT.DOMAIN, where it has services (DNS-01)", "BOOL");
    policy.add_to(command);
  }
  std::string path() const { return "/v1/projects" + segment(slug); }
  // The members that were said, but for the policy.
  Outcome<Json> settings() const {
    Json body = Json::object();
    if (port != 0) body["defaultPort"] = port;
    if (!suspended.empty()) body["suspended"] = suspended == "true";
    if (!wildcard_certificate.empty()) body["wildcardCertificate"] = wildcard_certificate == "true";
    for (const auto& [name, text] : {std::pair{"metadata", &metadata}, std::pair{"limits", &limits}}) {
      if (text->empty()) continue;
      Outcome<Json> object = object_of(std::string("--") + name, *text);
      if (!object) return object;
      body[name] = std::move(*object);
    }
    return body;
  }
};

Outcome<int> create(Shell& shell, const ProjectFlags& flags) {
  Outcome<Json> body = flags.settings();
  if (!body) return tl::unexpected(body.error());
  (*body)["slug"] = flags.slug;
  if (!flags.machine.empty()) (*body)["machine"] = flags.machine;
  if (flags.policy.given()) {
    Outcome<Json> policy = flags.policy.over(Json::object());
    if (!policy) return tl::unexpected(policy.error());
    (*body)["policy"] = std::move(*policy);
  }
  return shell.show_record(shell.session.change("POST", "/v1/projects", *body));
}

Outcome<int> set(Shell& shell, const ProjectFlags& flags) {
  Outcome<Json> body = flags.settings();
  if (!body) return tl::unexpected(body.error());
  if (flags.policy.given()) return shell.show_record(patch_policy(shell.session, flags.path(), *body, flags.policy));
  if (body->empty()) return wrong_usage("nothing to set: see ingressctl project set --help");
  return shell.show_record(shell.session.change("PATCH", flags.path(), *body));
}

void add_reading(Command project, Shell& shell) {
  const auto listed = std::make_shared<ProjectFlags>();
  Command command =
      shell.command(project, "list", "List projects", "ingressctl project list --machine mach_1", [&shell, listed] {
        Ask ask{"projects", "/v1/projects", {}};
        if (!listed->machine.empty()) {
          ask.path += "?machine=" + percent_encoded(listed->machine);
          ask.where.emplace_back("machine", listed->machine);
        }
        return shell.show_list({{"PROJECT", "slug"},
                                {"MACHINE", "machine"},
                                {"PORT", "defaultPort"},
                                {"SUSPENDED", "suspended"},
                                {"POLICY", "policy"}},
                               shell.session.list(ask));
      });
  command.option("--machine", listed->machine, "Only those attached to this machine", "MACHINE");

  const auto shown = std::make_shared<ProjectFlags>();
  shown->add_slug(
      shell.command(project, "show", "Show a project and its hosts", "ingressctl project show misha", [&shell, shown] {
        return shell.show_record(shell.session.one({"projects", shown->path(), {{"slug", shown->slug}}}));
      }));
}

}  // namespace

void add_project(Command app, Shell& shell) {
  Command project = Shell::group(app, "project", "Projects: a slug, a machine, a default port, a policy",
                                 "ingressctl project create misha --machine mach_1");
  const auto made = std::make_shared<ProjectFlags>();
  Command command = made->add_slug(shell.command(project, "create", "Make a project",
                                                 "ingressctl project create misha --machine mach_1 --profile vite",
                                                 [&shell, made] { return create(shell, *made); }));
  command.option("--machine", made->machine, "Attach this machine", "MACHINE");
  made->add_settings(command);
  add_reading(project, shell);
  add_project_apply(project, shell);

  const auto changed = std::make_shared<ProjectFlags>();
  changed->add_settings(changed->add_slug(shell.command(
      project, "set", "Change a project; policy flags change their key alone",
      "ingressctl project set misha --port 5173 --auth public", [&shell, changed] { return set(shell, *changed); })));

  const auto deleted = std::make_shared<ProjectFlags>();
  deleted->add_slug(shell.command(project, "delete", "Delete a project with its services and domains",
                                  "ingressctl project delete misha", [&shell, deleted] {
                                    return shell.show_done(shell.session.change("DELETE", deleted->path()),
                                                           "project " + deleted->slug + " deleted");
                                  }));
}

}  // namespace ingress::ctl
