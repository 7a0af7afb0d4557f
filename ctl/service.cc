#include <memory>
#include <optional>

#include "ctl/nouns.h"
#include "ctl/policy_flags.h"

namespace ingress::ctl {
namespace {

struct ServiceFlags {
  std::string project;
  std::string name;
  std::string machine;
  int port = 0;
  PolicyFlags policy;
  std::optional<Command> setting;  // of `set`

  Command add_project(Command command) {
    command.word("project", project, "The project's slug", "PROJECT");
    return command;
  }
  Command add_names(Command command) {
    add_project(command).word("name", name, "The service's name", "NAME");
    return command;
  }
  std::string all() const { return "/v1/projects" + segment(project) + "/services"; }
  std::string path() const { return all() + segment(name); }
};

// What is there already, cut to what PUT takes; null where there is none.
Outcome<Json> current(Shell& shell, const ServiceFlags& flags) {
  Outcome<Json> services = shell.session.list({"services", flags.all(), {}});
  if (!services) return services;
  for (const Json& service : *services) {
    if (service.at("name") != flags.name) continue;
    return Json{{"port", service.at("port")}, {"machine", service.at("machine")}, {"policy", service.at("policy")}};
  }
  return Json();
}

Outcome<int> set(Shell& shell, const ServiceFlags& flags) {
  Outcome<Json> body = current(shell, flags);
  if (!body) return tl::unexpected(body.error());
  if (body->is_null() && flags.port == 0) return wrong_usage("service " + flags.name + " is new: say its --port");
  if (flags.port != 0) (*body)["port"] = flags.port;
  if (flags.setting->said("--machine")) (*body)["machine"] = flags.machine.empty() ? Json() : Json(flags.machine);
  if (flags.policy.given()) {
    Outcome<Json> policy = flags.policy.over(body->contains("policy") ? (*body)["policy"] : Json::object());
    if (!policy) return tl::unexpected(policy.error());
    (*body)["policy"] = std::move(*policy);
  }
  return shell.show_record(shell.session.change("PUT", flags.path(), *body));
}

void add_set(Command service, Shell& shell) {
  const auto flags = std::make_shared<ServiceFlags>();
  Command command = flags->add_names(shell.command(service, "set", "Give a port of a project a name, or change it",
                                                   "ingressctl service set misha docs --port 4000 --auth public",
                                                   [&shell, flags] { return set(shell, *flags); }));
  command.port("--port", flags->port, "Its port");
  command.option("--machine", flags->machine, "A machine of its own; '' for the project's", "MACHINE");
  flags->policy.add_to(command);
  flags->setting = command;
}

}  // namespace

void add_service(Command app, Shell& shell) {
  Command service = Shell::group(app, "service", "Services: named ports of a project",
                                 "ingressctl service set misha docs --port 4000");
  add_set(service, shell);

  const auto listed = std::make_shared<ServiceFlags>();
  listed->add_project(
      shell.command(service, "list", "List a project's services", "ingressctl service list misha", [&shell, listed] {
        return shell.show_list({{"NAME", "name"}, {"PORT", "port"}, {"MACHINE", "machine"}, {"POLICY", "policy"}},
                               shell.session.list({"services", listed->all(), {{"project", listed->project}}}));
      }));

  const auto shown = std::make_shared<ServiceFlags>();
  shown->add_names(shell.command(
      service, "show", "Show a service and its hosts", "ingressctl service show misha docs", [&shell, shown] {
        return shell.show_record(
            shell.session.one({"services", shown->path(), {{"project", shown->project}, {"name", shown->name}}}));
      }));

  const auto deleted = std::make_shared<ServiceFlags>();
  deleted->add_names(
      shell.command(service, "delete", "Delete a service", "ingressctl service delete misha docs", [&shell, deleted] {
        return shell.show_done(shell.session.change("DELETE", deleted->path()),
                               "service " + deleted->name + " deleted");
      }));
}

}  // namespace ingress::ctl
