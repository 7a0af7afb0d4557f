#include <algorithm>
#include <memory>

#include "ctl/backup.h"
#include "ctl/database_check.h"
#include "ctl/nouns.h"

namespace ingress::ctl {
namespace {

struct DbFlags {
  std::string file;
  std::string base;
  bool force = false;
};

// The file that --db names, which these commands are about.
Outcome<std::string> file_of(const Shell& shell) {
  if (shell.globals.db_file.empty()) return wrong_usage("say which database: --db FILE");
  return shell.globals.db_file;
}

Outcome<std::vector<Finding>> check(const std::string& path, const std::string& base_path) {
  Outcome<std::unique_ptr<Database>> database = Database::open(path);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<Database> base;
  if (!base_path.empty()) {
    Outcome<std::unique_ptr<Database>> opened = Database::open(base_path);
    if (!opened) return tl::unexpected(opened.error());
    base = std::move(*opened);
  }
  return check_database(**database, base.get());
}

Outcome<int> show_check(Shell& shell, const DbFlags& flags) {
  const Outcome<std::string> path = file_of(shell);
  if (!path) return tl::unexpected(path.error());
  const Outcome<std::vector<Finding>> findings = check(*path, flags.base);
  if (!findings) return tl::unexpected(findings.error());
  Json items = Json::array();
  for (const Finding& finding : *findings) {
    items.push_back({{"check", finding.check}, {"result", finding.good ? "good" : "bad"}, {"detail", finding.detail}});
  }
  auto shown = shell.show_list({{"CHECK", "check"}, {"RESULT", "result"}, {"DETAIL", "detail"}}, items);
  if (!shown) return shown;
  const bool good =
      std::all_of(findings->begin(), findings->end(), [](const Finding& finding) { return finding.good; });
  return good ? cli::kExitGood : cli::kExitFailed;
}

}  // namespace

void add_db(Command app, Shell& shell) {
  constexpr const char* kBackupExample = "ingressctl db backup /backups/routes.db --db /var/lib/ingress/routes.db";
  Command db = Shell::group(app, "db", "A broker's database file: copy it, put a copy back, check it", kBackupExample);

  const auto made = std::make_shared<DbFlags>();
  shell
      .command(db, "backup", "Copy the database, which a broker may be using, to a new file", kBackupExample,
               [&shell, made]() -> Outcome<int> {
                 const Outcome<std::string> path = file_of(shell);
                 if (!path) return tl::unexpected(path.error());
                 return shell.show_record(back_up(*path, made->file, made->force));
               })
      .word("file", made->file, "The new file", "FILE")
      .flag("--force", made->force, "Replace a file that is there");

  const auto restored = std::make_shared<DbFlags>();
  shell
      .command(db, "restore", "Put a backup in the place of the database of a broker that is stopped",
               "ingressctl db restore /backups/routes.db --db /var/lib/ingress/routes.db",
               [&shell, restored]() -> Outcome<int> {
                 const Outcome<std::string> path = file_of(shell);
                 if (!path) return tl::unexpected(path.error());
                 return shell.show_record(restore(*path, restored->file));
               })
      .word("file", restored->file, "The backup", "FILE");

  const auto checked = std::make_shared<DbFlags>();
  shell
      .command(db, "check", "Check the database, and that its tables are what its changes make",
               "ingressctl db check --db /var/lib/ingress/routes.db",
               [&shell, checked] { return show_check(shell, *checked); })
      .option("--base", checked->base, "Begin with this backup of it, not with nothing", "FILE");
}

}  // namespace ingress::ctl
