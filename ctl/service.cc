#include <memory>
#include <optional>

#include "ctl/nouns.h"
#include "ctl/policy_flags.h"
#include "ctl/problem.h"
#include "ctl/record_edit.h"

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

// Null, without a tag, where there is none.
Outcome<TaggedRecord> service_now(Shell& shell, const ServiceFlags& flags) {
  Outcome<TaggedRecord> service = shell.session.get_tagged(flags.path());
  if (service || service.error().code != "not_found") return service;
  const Outcome<Json> project = shell.session.get("/v1/projects" + segment(flags.project));
  if (!project) return tl::unexpected(project.error());
  return TaggedRecord{};
}

// All that PUT takes.
Outcome<Json> service_after(const ServiceFlags& flags, const Json& before) {
  if (before.is_null() && flags.port == 0) return wrong_usage("service " + flags.name + " is new: say its --port");
  Json body = Json::object();
  if (!before.is_null()) {
    body = Json{{"port", before.at("port")}, {"machine", before.at("machine")}, {"policy", before.at("policy")}};
  }
  if (flags.port != 0) body["port"] = flags.port;
  if (flags.setting->said("--machine")) body["machine"] = flags.machine.empty() ? Json() : Json(flags.machine);
  if (!flags.policy.given()) return body;
  Outcome<Json> policy = flags.policy.over(body.value("policy", Json::object()));
  if (!policy) return policy;
  body["policy"] = std::move(*policy);
  return body;
}

// No If-Match says that there must be none yet: that another made it meanwhile is seen by its being replaced.
Outcome<Json> make_service(Shell& shell, const ServiceFlags& flags, const Json& body) {
  const std::string text = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  const Outcome<RawAnswer> answer = shell.session.send("PUT", flags.path(), text, "application/json");
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status == 200) {
    return failed("service " + flags.name +
                  " was made by somebody else at the same moment, and this has replaced it: see ingressctl changes");
  }
  return read_answer(answer->status, answer->body);
}

Outcome<int> set(Shell& shell, const ServiceFlags& flags) {
  const RecordPlace place{[&shell, &flags] { return service_now(shell, flags); },
                          [&shell, &flags](const Json& body, const std::string& etag) {
                            return etag.empty() ? make_service(shell, flags, body)
                                                : shell.session.change("PUT", flags.path(), body, etag);
                          }};
  return shell.show_record(edit_record(place, [&flags](const Json& before) { return service_after(flags, before); }));
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
