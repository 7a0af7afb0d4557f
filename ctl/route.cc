#include <memory>

#include "ctl/nouns.h"
#include "ctl/pattern_text.h"
#include "ctl/policy_flags.h"
#include "ctl/record_edit.h"
#include "ctl/route_filter.h"
#include "ctl/time_to_live.h"

namespace ingress::ctl {
namespace {

struct RouteFlags {
  std::string id;
  std::vector<std::string> patterns;
  std::string machine;
  std::string project;
  std::string service;
  int port = 0;
  std::string external_id;
  std::string metadata;
  std::string on_conflict;
  std::string owner;
  TimeToLive ttl;
  bool effective = false;
  std::string example;
  PolicyFlags policy;

  Command add_id(Command command) {
    command.word("id", id, "The route's id", "ID");
    return command;
  }
  void add_settings(Command command) {
    command.option("--machine", machine, "Where it leads: a machine", "MACHINE");
    command.option("--project", project, "Where it leads: a project's machine", "PROJECT");
    command.option("--service", service, "A service of the project", "NAME");
    command.port("--port", port, "A port instead of the default one");
    command.option("--external-id", external_id, "An id of yours", "TEXT");
    command.option("--metadata", metadata, "Anything of yours, as a JSON object", "JSON");
    command.choice("--on-conflict", on_conflict, {"fail", "overwrite"},
                   "Where another route has a pattern: fail [default] or overwrite", "HOW");
    command.option("--owner", owner, "The project that it belongs to: captures find its machines", "PROJECT");
    ttl.add_to(command);
    policy.add_to(command);
  }
  std::string path() const { return "/v1/routes" + segment(id); }
  bool target_given() const { return port != 0 || !(machine + project + service).empty(); }

  Outcome<Json> target() const {
    if (machine.empty() == project.empty())
      return wrong_usage("say where it leads: --machine or --project, one of them");
    Json target = Json::object();
    if (!machine.empty()) target["machine"] = machine;
    if (!project.empty()) target["project"] = project;
    if (!service.empty()) target["service"] = service;
    if (port != 0) target["port"] = port;
    return target;
  }
  // The members beside the patterns.
  Outcome<Json> settings() const {
    Json body = Json::object();
    if (!external_id.empty()) body["externalId"] = external_id;
    if (!on_conflict.empty()) body["onConflict"] = on_conflict;
    if (!owner.empty()) body["owner"] = owner;
    if (const auto good = ttl.put_into(body); !good) return tl::unexpected(good.error());
    if (metadata.empty()) return body;
    Outcome<Json> object = object_of("--metadata", metadata);
    if (!object) return object;
    body["metadata"] = std::move(*object);
    return body;
  }
};

Outcome<int> create(Shell& shell, const RouteFlags& flags) {
  Outcome<Json> body = flags.settings();
  if (!body) return tl::unexpected(body.error());
  const Outcome<Json> target = flags.target();
  if (!target) return tl::unexpected(target.error());
  const Outcome<Json> policy = flags.policy.over(Json::object());
  if (!policy) return tl::unexpected(policy.error());
  if (!flags.id.empty()) (*body)["id"] = flags.id;
  for (const std::string& pattern : flags.patterns) {
    (*body)["patterns"].push_back(Json{{"pattern", pattern}, {"target", *target}, {"policy", *policy}});
  }
  return shell.show_record(shell.session.change("POST", "/v1/routes", *body));
}

// That of `name`, however it is spelled; the first one for a name that is new.
const Json& pattern_before(const Json& before, const std::string& name) {
  const std::string shape = pattern_shape(name);
  for (const Json& each : before) {
    if (pattern_shape(each.at("pattern").get_ref<const std::string&>()) == shape) return each;
  }
  return before.at(0);
}

// The patterns as they shall be: new names, a new target, policy keys over what each has.
Outcome<Json> patterns_after(const RouteFlags& flags, const Json& before) {
  Json patterns = before;
  if (!flags.patterns.empty()) {
    patterns = Json::array();
    for (const std::string& name : flags.patterns) {
      Json pattern = pattern_before(before, name);
      pattern["pattern"] = name;
      patterns.push_back(std::move(pattern));
    }
  }
  for (Json& pattern : patterns) {
    if (flags.target_given()) {
      Outcome<Json> target = flags.target();
      if (!target) return target;
      pattern["target"] = std::move(*target);
    }
    Outcome<Json> policy = flags.policy.over(pattern["policy"]);
    if (!policy) return policy;
    pattern["policy"] = std::move(*policy);
  }
  return patterns;
}

Outcome<int> update(Shell& shell, const RouteFlags& flags) {
  Outcome<Json> body = flags.settings();
  if (!body) return tl::unexpected(body.error());
  if (!flags.patterns.empty() || flags.target_given() || flags.policy.given()) {
    const auto with_patterns = [&flags, &body](const Json& route) -> Outcome<Json> {
      Outcome<Json> patterns = patterns_after(flags, route.at("patterns"));
      if (!patterns) return patterns;
      Json after = *body;
      after["patterns"] = std::move(*patterns);
      return after;
    };
    return shell.show_record(edit_record(record_at(shell.session, "PATCH", flags.path()), with_patterns));
  }
  if (body->empty()) return wrong_usage("nothing to change: see ingressctl route update --help");
  return shell.show_record(shell.session.change("PATCH", flags.path(), *body));
}

std::string words_of(const Json& target) {
  std::string words;
  for (const auto& [name, value] : target.items()) words += (words.empty() ? "" : " ") + name + " " + cell_text(value);
  return words;
}

// What holds for the route's hosts, a line for each key and place that it comes from.
Outcome<int> show_effective(Shell& shell, const RouteFlags& flags) {
  std::vector<std::string> hosts;
  if (!flags.example.empty()) {
    hosts.push_back(flags.example);
  } else {
    const Outcome<Json> route = shell.session.get(flags.path());
    if (!route) return tl::unexpected(route.error());
    for (const Json& pattern : route->at("patterns")) {
      const auto text = pattern.at("pattern").get<std::string>();
      if (text.find_first_of("*{") == std::string::npos) hosts.push_back(text);
    }
    if (hosts.empty()) return wrong_usage("its patterns have wildcards: say a host that they match, --for HOST[/PATH]");
  }
  Json lines = Json::array();
  for (const std::string& host : hosts) {
    const Outcome<Json> policy = shell.session.get("/v1/policy?host=" + percent_encoded(host));
    if (!policy) return tl::unexpected(policy.error());
    for (const auto& [key, held] : policy->at("keys").items()) {
      for (const Json& each : held) {
        lines.push_back(Json{{"host", host}, {"key", key}, {"value", each.at("value")}, {"from", each.at("from")}});
      }
    }
  }
  return shell.show_list({{"HOST", "host"}, {"KEY", "key"}, {"VALUE", "value"}, {"FROM", "from"}}, lines);
}

Outcome<Json> wanted_routes(Shell& shell, const RouteFilter& filter) {
  Json wanted = Json::array();
  const bool from_file = !shell.globals.db.empty();  // which is asked for all
  const auto take = [&wanted, &filter, from_file](Json route) {
    if (!from_file || filter.fits(route)) wanted.push_back(std::move(route));
  };
  const Outcome<bool> read = shell.session.each({"routes", "/v1/routes" + filter.query(), {}}, take);
  if (!read) return tl::unexpected(read.error());
  return wanted;
}

// One line a pattern.
Outcome<int> list(Shell& shell, const RouteFilter& filter) {
  Outcome<Json> routes = wanted_routes(shell, filter);
  if (!routes || shell.globals.json) return shell.show_list({}, routes);
  Json lines = Json::array();
  for (const Json& route : *routes) {
    for (const Json& pattern : route.at("patterns")) {
      lines.push_back(Json{{"id", route.at("id")},
                           {"pattern", pattern.at("pattern")},
                           {"target", words_of(pattern.at("target"))},
                           {"policy", pattern.at("policy")},
                           {"externalId", route.at("externalId")}});
    }
  }
  return shell.show_list(
      {{"ID", "id"}, {"PATTERN", "pattern"}, {"TARGET", "target"}, {"POLICY", "policy"}, {"EXTERNAL ID", "externalId"}},
      lines);
}

void add_changing(Command route, Shell& shell) {
  const auto made = std::make_shared<RouteFlags>();
  Command command = shell.command(route, "create", "Lead host patterns to a machine or a project",
                                  "ingressctl route create '*.preview.example.com' --project misha --service docs",
                                  [&shell, made] { return create(shell, *made); });
  command.words(
      "pattern", made->patterns,
      "Hosts, with a path or without: a.example.com, *.example.com, {repl}.example.com, a.example.com/x/{user}/*",
      "PATTERN...");
  command.option("--id", made->id, "The route's id; one is made where it is not said", "ID");
  made->add_settings(command);

  const auto changed = std::make_shared<RouteFlags>();
  command = changed->add_id(shell.command(
      route, "update", "Change a route: patterns replace the old ones, target and policy flags change all patterns",
      "ingressctl route update rt_1 --project misha --port 4000",
      [&shell, changed] { return update(shell, *changed); }));
  command.optional_words("pattern", changed->patterns, "The patterns from now on", "PATTERN...");
  changed->add_settings(command);

  const auto deleted = std::make_shared<RouteFlags>();
  deleted->add_id(shell.command(route, "delete", "Delete a route", "ingressctl route delete rt_1", [&shell, deleted] {
    return shell.show_done(shell.session.change("DELETE", deleted->path()), "route " + deleted->id + " deleted");
  }));
}

}  // namespace

void add_route(Command app, Shell& shell) {
  Command route = Shell::group(app, "route", "Routes: host patterns that lead to a machine or a project",
                               "ingressctl route create docs.example.com --project misha --port 4000");
  add_changing(route, shell);
  add_route_transfer(route, shell);

  const auto listed = std::make_shared<RouteFilter>();
  shell
      .command(route, "list", "List routes", "ingressctl route list --search preview. --project misha",
               [&shell, listed] { return list(shell, *listed); })
      .option("--search", listed->search,
              "Only those with this in a pattern, or at the beginning of their id or external id", "TEXT")
      .option("--machine", listed->machine, "Only those that lead to this machine", "MACHINE")
      .option("--project", listed->project, "Only those that lead to this project", "PROJECT")
      .option("--owner", listed->owner, "Only those that belong to this project", "PROJECT")
      .option("--external-id", listed->external_id, "Only those with this id of yours", "TEXT");

  const auto shown = std::make_shared<RouteFlags>();
  Command command = shown->add_id(
      shell.command(route, "show", "Show a route, or the policy that holds for its hosts and where each key comes from",
                    "ingressctl route show rt_1 --effective", [&shell, shown] {
                      if (shown->effective) return show_effective(shell, *shown);
                      return shell.show_record(shell.session.one({"routes", shown->path(), {{"id", shown->id}}}));
                    }));
  command.flag("--effective", shown->effective, "Show what holds, with its route, service, machine, project or broker");
  command.option("--for", shown->example, "A host, with a path or without, where the patterns have wildcards",
                 "HOST[/PATH]");
}

}  // namespace ingress::ctl
