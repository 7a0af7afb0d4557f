#include <memory>
#include <string>
#include <utility>

#include "ctl/nouns.h"
#include "ctl/policy_flags.h"
#include "ctl/record_edit.h"
#include "ctl/time_to_live.h"

namespace ingress::ctl {
namespace {

struct MachineFlags {
  std::string id;
  int port = 0;
  std::string state;
  std::string metadata;
  std::string owner;
  TimeToLive ttl;
  PolicyFlags policy;
  bool with_token = false;

  void add_settings(Command command) {
    command.port("--port", port, "Its default port [3000]");
    command.known_words("--state", state, {"starting", "active", "detached", "archived"},
                        "starting, active, detached or archived", "STATE");
    command.option("--metadata", metadata, "Anything of yours, as a JSON object", "JSON");
    command.option("--owner", owner, "The project that it belongs to", "PROJECT");
    ttl.add_to(command);
    policy.add_to(command);
  }
  void add_id(Command command) { command.word("id", id, "The machine's id", "ID"); }
  // The members that were said.
  Outcome<Json> settings() const {
    Json body = Json::object();
    if (port != 0) body["defaultPort"] = port;
    if (!state.empty()) body["state"] = state;
    if (!owner.empty()) body["owner"] = owner;
    if (const auto good = ttl.put_into(body); !good) return tl::unexpected(good.error());
    if (metadata.empty()) return body;
    Outcome<Json> object = object_of("--metadata", metadata);
    if (!object) return object;
    body["metadata"] = std::move(*object);
    return body;
  }
};

Outcome<int> create(Shell& shell, const MachineFlags& flags) {
  Outcome<Json> body = flags.settings();
  if (!body) return tl::unexpected(body.error());
  (*body)["id"] = flags.id;
  if (flags.policy.given()) {
    Outcome<Json> policy = flags.policy.over(Json::object());
    if (!policy) return tl::unexpected(policy.error());
    (*body)["policy"] = std::move(*policy);
  }
  Outcome<Json> made = shell.session.change("POST", "/v1/machines", *body);
  if (!made || !flags.with_token) return shell.show_record(made);
  Outcome<Json> token = shell.session.change("POST", "/v1/machines" + segment(flags.id) + "/tokens", Json::object());
  if (!token) return failed("the machine was made, but no token: " + token.error().sentence);
  (*made)["token"] = (*token)["token"];
  return shell.show_record(made);
}

Outcome<int> set(Shell& shell, const MachineFlags& flags) {
  Outcome<Json> body = flags.settings();
  if (!body) return tl::unexpected(body.error());
  const std::string path = "/v1/machines" + segment(flags.id);
  if (flags.policy.given()) return shell.show_record(patch_policy(shell.session, path, *body, flags.policy));
  if (body->empty()) return wrong_usage("nothing to set: see ingressctl machine set --help");
  return shell.show_record(shell.session.change("PATCH", path, *body));
}

// "3000 node", "5432 postgres, not public"
std::string port_text(const Json& port) {
  std::string text = std::to_string(port.value("port", 0));
  if (const auto process = port.find("process"); process != port.end() && process->is_string()) {
    text += " " + process->get<std::string>();
  }
  return port.value("public", true) ? text : text + ", not public";
}

// "active, last request 2026-11-29T19:00:00.000Z, 2 open, 1 interactive"
std::string activity_text(const Json& activity) {
  const auto count = [&activity](const char* member) { return activity.value(member, 0); };
  std::string text = activity.value("active", false) ? "active" : "idle";
  const auto last = activity.find("lastRequestAt");
  const bool none = last == activity.end() || !last->is_string();
  text += none ? ", no request yet" : ", last request " + last->get<std::string>();
  if (const int open = count("openExchanges"); open > 0) text += ", " + std::to_string(open) + " open";
  if (const int open = count("interactiveStreams"); open > 0) text += ", " + std::to_string(open) + " interactive";
  return text;
}

// Activity as a sentence and a line for each port, where people read it.
Outcome<int> show(Shell& shell, const std::string& id) {
  Outcome<Json> machine = shell.session.one({"machines", "/v1/machines" + segment(id), {{"id", id}}});
  if (!machine || shell.globals.json) return shell.show_record(machine);
  const auto activity = machine->find("activity");
  if (activity != machine->end() && activity->is_object()) *activity = activity_text(*activity);
  const auto listening = machine->find("listening");
  if (listening != machine->end() && listening->is_array()) {
    Json lines = Json::array();
    for (const Json& port : *listening) lines.push_back(port_text(port));
    *listening = std::move(lines);
  }
  return shell.show_record(machine);
}

void add_reading(Command machine, Shell& shell) {
  shell.command(machine, "list", "List machines", "ingressctl machine list --json", [&shell] {
    return shell.show_list({{"ID", "id"},
                            {"STATE", "state"},
                            {"PORT", "defaultPort"},
                            {"CONNECTED", "connected"},
                            {"CREATED", "createdAt"}},
                           shell.session.list({"machines", "/v1/machines", {}}));
  });
  const auto flags = std::make_shared<MachineFlags>();
  flags->add_id(shell.command(machine, "show", "Show a machine, its hosts and the ports that listen there",
                              "ingressctl machine show mach_1", [&shell, flags] { return show(shell, flags->id); }));
}

void add_changing(Command machine, Shell& shell) {
  const auto made = std::make_shared<MachineFlags>();
  Command command =
      shell.command(machine, "create", "Make a machine", "ingressctl machine create mach_1 --port 8080 --with-token",
                    [&shell, made] { return create(shell, *made); });
  made->add_id(command);
  made->add_settings(command);
  command.flag("--with-token", made->with_token, "Make a token for its agent too, and show it");

  const auto changed = std::make_shared<MachineFlags>();
  command = shell.command(machine, "set", "Change a machine", "ingressctl machine set mach_1 --port 8080",
                          [&shell, changed] { return set(shell, *changed); });
  changed->add_id(command);
  changed->add_settings(command);

  const auto archived = std::make_shared<MachineFlags>();
  archived->state = "archived";
  archived->add_id(shell.command(machine, "archive", "Take a machine out of service (its hosts answer 409)",
                                 "ingressctl machine archive mach_1",
                                 [&shell, archived] { return set(shell, *archived); }));

  const auto deleted = std::make_shared<MachineFlags>();
  deleted->add_id(shell.command(machine, "delete", "Delete a machine and its tokens; its tunnels close",
                                "ingressctl machine delete mach_1", [&shell, deleted] {
                                  return shell.show_done(
                                      shell.session.change("DELETE", "/v1/machines" + segment(deleted->id)),
                                      "machine " + deleted->id + " deleted");
                                }));
}

struct Attachment {
  std::string project;
  std::string machine;
};

void add_attaching(Command machine, Shell& shell) {
  const auto attached = std::make_shared<Attachment>();
  Command command = shell.command(
      machine, "attach", "Attach a machine to a project: its hosts move there at once",
      "ingressctl machine attach misha mach_1", [&shell, attached] {
        return shell.show_record(shell.session.change("PUT", "/v1/projects" + segment(attached->project) + "/machine",
                                                      Json{{"machine", attached->machine}}));
      });
  command.word("project", attached->project, "The project's slug", "PROJECT");
  command.word("machine", attached->machine, "The machine's id", "MACHINE");

  const auto detached = std::make_shared<Attachment>();
  command = shell.command(
      machine, "detach", "Detach a project's machine", "ingressctl machine detach misha", [&shell, detached] {
        return shell.show_done(shell.session.change("DELETE", "/v1/projects" + segment(detached->project) + "/machine"),
                               "project " + detached->project + " has no machine now");
      });
  command.word("project", detached->project, "The project's slug", "PROJECT");
}

}  // namespace

void add_machine(Command app, Shell& shell) {
  Command machine = Shell::group(app, "machine", "Machines, their tokens and the projects that they are attached to",
                                 "ingressctl machine create mach_1 --with-token");
  add_changing(machine, shell);
  add_reading(machine, shell);
  add_machine_events(machine, shell);
  add_machine_token(machine, shell);
  add_join_token(machine, shell);
  add_attaching(machine, shell);
}

}  // namespace ingress::ctl
