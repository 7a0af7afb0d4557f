#include <unistd.h>

#include <iostream>
#include <memory>
#include <ostream>

#include "ctl/declaration.h"
#include "ctl/nouns.h"

namespace ingress::ctl {
namespace {

struct ApplyFlags {
  std::string file;
  bool yes = false;
  bool plan_only = false;
};

// The services of the project at `path`. Those that the file names are read one by one: what it does not say of one is
// written as it was read, if nobody has changed it meanwhile, and the list has no tags.
Outcome<bool> add_services(Shell& shell, const std::string& path, const Json& named, ProjectNow& now) {
  const Outcome<Json> rows = shell.session.list({"", path + "/services", {}});
  if (!rows) return tl::unexpected(rows.error());
  for (const Json& row : *rows) {
    const auto name = row.at("name").get<std::string>();
    if (!named.contains(name)) {
      now.services.push_back(row);
      continue;
    }
    Outcome<TaggedRecord> service = shell.session.get_tagged(path + "/services" + segment(name));
    if (!service) return tl::unexpected(service.error());
    now.services.push_back(std::move(service->record));
    now.service_tags[name] = std::move(service->etag);
  }
  return true;
}

// A project that is not there has nothing.
Outcome<ProjectNow> current(Shell& shell, const Json& declared) {
  ProjectNow now;
  const auto slug = declared["slug"].get<std::string>();
  const std::string path = "/v1/projects" + segment(slug);
  const Outcome<RawAnswer> answer = shell.session.send("GET", path, "", "application/json");
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status == 404) return now;
  Outcome<Json> project = shell.session.get(path);
  if (!project) return tl::unexpected(project.error());
  now.project = std::move(*project);
  const Outcome<bool> services = add_services(shell, path, declared.value("services", Json::object()), now);
  if (!services) return tl::unexpected(services.error());
  Outcome<Json> domains = shell.session.list({"", "/v1/domains?project=" + percent_encoded(slug), {}});
  if (!domains) return tl::unexpected(domains.error());
  now.domains = std::move(*domains);
  return now;
}

Outcome<bool> agreed(Shell& shell, const ApplyFlags& flags) {
  if (flags.yes) return true;
  if (flags.file == "-" || ::isatty(STDIN_FILENO) == 0) return wrong_usage("nobody can be asked here: say --yes");
  shell.err() << "Apply? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

void show(Shell& shell, const std::vector<PlannedStep>& plan) {
  if (plan.empty()) shell.out() << "nothing to change\n";
  for (const PlannedStep& step : plan) shell.out() << step.line << "\n";
  shell.out().flush();
}

Json plan_json(const std::vector<PlannedStep>& plan, bool applied) {
  Json lines = Json::array();
  for (const PlannedStep& step : plan) lines.push_back(step.line);
  return Json{{"plan", lines}, {"applied", applied}};
}

Outcome<int> finish(Shell& shell, const std::vector<PlannedStep>& plan, bool applied) {
  if (shell.globals.json) {
    shell.print_json(plan_json(plan, applied));
  } else if (applied && !plan.empty()) {
    shell.out() << "applied\n";
  }
  return cli::kExitGood;
}

Json batch_of(const std::vector<PlannedStep>& plan) {
  Json operations = Json::array();
  for (const PlannedStep& step : plan) operations.push_back(step.operation);
  return Json{{"operations", operations}};
}

bool only_reads(Shell& shell) {
  const Outcome<Json> who = shell.session.get("/v1/session");
  return who && who->value("role", "") == "read";
}

// Whether the broker would take the plan: it tries it and takes it back.
Outcome<int> try_out(Shell& shell, const std::vector<PlannedStep>& plan) {
  Json batch = batch_of(plan);
  batch["dryRun"] = true;
  const Outcome<Json> tried = shell.session.change("POST", "/v1/batch", batch);
  if (tried) return finish(shell, plan, false);
  Failure failure = tried.error();
  if (failure.code == "forbidden" && only_reads(shell)) {
    shell.err() << "ingressctl: this token only reads: whether the broker would take the plan is not tried\n";
    return finish(shell, plan, false);
  }
  if (failure.code == "invalid_argument" && failure.sentence.find("\"dryRun\"") != std::string::npos) {
    shell.err() << "ingressctl: this broker is an older one: whether it would take the plan is not tried\n";
    return finish(shell, plan, false);
  }
  if (!failure.code.starts_with("admin_")) failure.sentence = "this plan would be refused: " + failure.sentence;
  if (shell.globals.json) {
    Json shown = plan_json(plan, false);
    shown["problem"] = failure.sentence;
    shell.print_json(shown);
  }
  return tl::unexpected(std::move(failure));
}

Outcome<int> apply(Shell& shell, const ApplyFlags& flags) {
  const Outcome<Json> declared = read_declaration(flags.file);
  if (!declared) return tl::unexpected(declared.error());
  if (const Outcome<bool> good = check_declaration(*declared); !good) {
    return failed(flags.file + ": " + good.error().sentence);
  }
  const Outcome<ProjectNow> now = current(shell, *declared);
  if (!now) return tl::unexpected(now.error());
  const std::vector<PlannedStep> plan = plan_of(*declared, *now);
  if (!shell.globals.json) show(shell, plan);
  if (plan.empty()) return finish(shell, plan, false);
  if (flags.plan_only) return try_out(shell, plan);
  const Outcome<bool> yes = agreed(shell, flags);
  if (!yes) return tl::unexpected(yes.error());
  if (!*yes) return failed("nothing was changed");
  const Outcome<Json> done = shell.session.change("POST", "/v1/batch", batch_of(plan));
  if (!done) return tl::unexpected(done.error());
  return finish(shell, plan, true);
}

}  // namespace

void add_project_apply(Command project, Shell& shell) {
  const auto flags = std::make_shared<ApplyFlags>();
  Command command = shell.command(
      project, "apply", "Make a project what a file declares, in one transaction; the plan is shown first",
      "ingressctl project apply -f misha.toml --yes", [&shell, flags] { return apply(shell, *flags); });
  command.required_option("-f,--file", flags->file, "The file, TOML or JSON; - for standard input", "FILE");
  command.flag("--yes", flags->yes, "Do not ask");
  command.flag("--plan", flags->plan_only, "Show what would be done, and whether the broker would take it; do nothing");
}

}  // namespace ingress::ctl
