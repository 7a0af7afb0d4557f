#include <memory>

#include "ctl/nouns.h"

namespace ingress::ctl {
namespace {

struct DomainFlags {
  std::string name;
  std::string project;

  Command add_name(Command command) {
    command.word("name", name, "The domain", "NAME");
    return command;
  }
};

// For people: the records to make, as a zone file has them.
Outcome<int> add(Shell& shell, const DomainFlags& flags) {
  const Outcome<Json> made =
      shell.session.change("POST", "/v1/domains", Json{{"name", flags.name}, {"project", flags.project}});
  if (!made || shell.globals.json || !made->contains("records")) return shell.show_record(made);
  Json shown = *made;
  shown.erase("records");
  Outcome<int> done = shell.show_record(shown);
  shell.print_line("\nRecords to make in the domain's DNS:");
  for (const Json& record : (*made)["records"]) {
    const bool text = record.value("type", "") == "TXT";
    const std::string value = cell_of(record, "value");
    shell.print_line("  " + cell_of(record, "name") + ".  " + cell_of(record, "type") + "  " +
                     (text ? "\"" + value + "\"" : value + "."));
  }
  shell.print_line(
      "Where a CNAME may not stand (the domain itself): A and AAAA records of the same addresses.\n"
      "See whether they are right: ingressctl why " +
      cell_of(*made, "name"));
  return done;
}

}  // namespace

void add_domain(Command app, Shell& shell) {
  Command domain = Shell::group(app, "domain", "Custom domains of projects", "ingressctl domain add example.com misha");
  const auto added = std::make_shared<DomainFlags>();
  added
      ->add_name(shell.command(
          domain, "add", "Lead a domain, and PORT. and SERVICE. under it, to a project; tells the DNS records to make",
          "ingressctl domain add example.com misha", [&shell, added] { return add(shell, *added); }))
      .word("project", added->project, "The project's slug", "PROJECT");

  const auto listed = std::make_shared<DomainFlags>();
  shell
      .command(domain, "list", "List domains", "ingressctl domain list --project misha",
               [&shell, listed] {
                 Ask ask{"domains", "/v1/domains", {}};
                 if (!listed->project.empty()) {
                   ask.path += "?project=" + percent_encoded(listed->project);
                   ask.where.emplace_back("project", listed->project);
                 }
                 return shell.show_list({{"DOMAIN", "name"}, {"PROJECT", "project"}, {"CREATED", "createdAt"}},
                                        shell.session.list(ask));
               })
      .option("--project", listed->project, "Only those of this project", "PROJECT");

  const auto removed = std::make_shared<DomainFlags>();
  removed->add_name(shell.command(
      domain, "remove", "Take a domain from its project", "ingressctl domain remove example.com", [&shell, removed] {
        return shell.show_done(shell.session.change("DELETE", "/v1/domains" + segment(removed->name)),
                               "domain " + removed->name + " removed");
      }));
}

}  // namespace ingress::ctl
