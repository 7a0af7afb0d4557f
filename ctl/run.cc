#include "ctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <string>
#include <vector>

#include "common/cli/help_format.h"
#include "common/cli/values.h"
#include "ctl/nouns.h"
#include "ctl/problem.h"
#include "ctl/usage.h"

namespace ingress::ctl {
namespace {

constexpr const char* kJsonVariable = "INGRESS_JSON";
constexpr const char* kFooter =
    "The admin token, which TCP needs, comes by --token-file or by INGRESS_TOKEN, never by argv. "
    "INGRESS_ADMIN, INGRESS_TOKEN_FILE, INGRESS_DB and INGRESS_JSON (1, true, yes) stand for the flags. "
    "Where an admin is named too, INGRESS_DB is what db is about and no more.\n"
    "Exit codes: 0 good, 1 failed, 2 usage, 4 not authorised.\n\n"
    "Example:\n"
    "  ingressctl machine create mach_1 --with-token\n"
    "  ingressctl project create misha --machine mach_1\n"
    "  ingressctl why misha.iterate.app";

void declare_globals(CLI::App& app, Globals& globals, const char* version) {
  app.formatter(cli::help_format());
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", std::string("ingressctl ") + version, "Print the version and exit");
  app.add_option("--admin", globals.admin, "The admin API: unix:/path, host:port or http://host:port")
      ->envname("INGRESS_ADMIN")
      ->capture_default_str()
      ->option_text("ADDR [" + globals.admin + "]");
  app.add_option("--token-file", globals.token.file, "File with the admin token, for TCP")
      ->envname("INGRESS_TOKEN_FILE")
      ->option_text("FILE");
  app.add_option("--db", globals.db_file, "This database file: list from it without a broker, or what db is about")
      ->envname("INGRESS_DB")
      ->option_text("FILE");
  app.add_flag("--json", globals.json, "Print JSON, for programs")->envname(kJsonVariable);
  app.footer(kFooter);
  app.require_subcommand(1);
}

void add_commands(Command app, Shell& shell, const char* version) {
  add_machine(app, shell);
  add_project(app, shell);
  add_service(app, shell);
  add_route(app, shell);
  add_token(app, shell);
  add_domain(app, shell);
  add_cert(app, shell);
  add_broker(app, shell);
  add_share(app, shell);
  add_tunnel(app, shell);
  add_loop(app, shell);
  add_db(app, shell);
  add_changes(app, shell);
  add_tail(app, shell);
  add_top(app, shell);
  add_why(app, shell);
  add_connect(app, shell);
  add_help_pages(app, shell, version);
}

// For programs a line of JSON.
void tell(Shell& shell, const Failure& failure) {
  if (!shell.globals.json) {
    shell.err() << "ingressctl: " << failure.sentence << "\n";
    return;
  }
  Json told{{"error", failure.sentence}};
  if (!failure.code.empty()) told["code"] = failure.code;
  shell.err() << told.dump() << "\n";
}

bool said(const std::vector<std::string>& words, const std::string& flag) {
  return std::any_of(words.begin(), words.end(),
                     [&flag](const std::string& word) { return word == flag || word.starts_with(flag + "="); });
}

// Of a command line that could not be read.
bool wants_json(const std::vector<std::string>& words) {
  const char* const variable = std::getenv(kJsonVariable);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  return said(words, "--json") || (variable != nullptr && cli::parse_bool(variable).value_or(false));
}

// A file that a variable names is for `db` alone where an admin is named: a broker's container names both.
void choose_file(const CLI::App& app, const std::vector<std::string>& words, Globals& globals) {
  const bool admin_named = app.get_option("--admin")->count() > 0;
  if (said(words, "--db") || !admin_named) globals.db = globals.db_file;
}

int refuse(std::ostream& err, const CLI::App& app, const std::vector<std::string>& words,
           const std::string& complaint) {
  const Usage usage = explain_usage(app, words, complaint);
  if (wants_json(words)) {
    err << Json{{"error", usage.sentence}, {"help", usage.help}}.dump(-1, ' ', false, Json::error_handler_t::replace)
        << "\n";
    return cli::kExitUsage;
  }
  err << "ingressctl: " << usage.sentence << "\nTry '" << usage.help << "'.\n";
  return cli::kExitUsage;
}

// An answer of another shape than the API's is an exception of the JSON library where a command takes it apart.
Outcome<int> carry_out(const Shell& shell) {
  try {
    return shell.chosen();
  } catch (const Json::exception&) {
    return no_answer_of_the_api("the answer has another form than the API's");
  }
}

int end_with(Shell& shell, const Outcome<int>& outcome) {
  shell.out().flush();
  if (outcome && shell.out()) return *outcome;
  const Failure failure = outcome ? Failure{cli::kExitFailed, "cannot write the result"} : outcome.error();
  tell(shell, failure);
  return failure.exit_code;
}

}  // namespace

int run(int argc, const char* const* argv, const char* version, std::ostream& out, std::ostream& err) {
  Shell shell(out, err);
  shell.globals.admin = kUsualAdmin;
  if (const char* token = std::getenv("INGRESS_TOKEN"))  // NOLINT(concurrency-mt-unsafe): nobody sets variables
    shell.globals.token.value = token;
  const std::vector<std::string> words(argv + 1, argv + argc);
  CLI::App app("Shows and changes what a broker serves, by its admin API.", "ingressctl");
  declare_globals(app, shell.globals, version);
  add_commands(Command(app), shell, version);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    app.exit(help, out, err);
    return end_with(shell, cli::kExitGood);
  } catch (const CLI::CallForVersion& asked) {
    out << asked.what() << "\n";
    return end_with(shell, cli::kExitGood);
  } catch (const CLI::ParseError& error) {
    return refuse(err, app, words, error.what());
  }
  choose_file(app, words, shell.globals);
  return end_with(shell, carry_out(shell));
}

}  // namespace ingress::ctl
