#include "ctl/shell.h"

#include <CLI/CLI.hpp>
#include <ostream>

namespace ingress::ctl {
namespace {

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help, const std::string& example) {
  CLI::App* app = parent.add_subcommand(name, help);
  app->fallthrough();
  app->footer("Example:\n  " + example);
  return app;
}

}  // namespace

CLI::App* Shell::group(CLI::App& parent, const std::string& name, const std::string& help, const std::string& example) {
  CLI::App* app = add(parent, name, help, example);
  app->require_subcommand(1);
  return app;
}

CLI::App* Shell::command(CLI::App& parent, const std::string& name, const std::string& help, const std::string& example,
                         Action action) {
  CLI::App* app = add(parent, name, help, example);
  app->callback([this, app, action = std::move(action)] {
    if (app->get_subcommands().empty()) chosen = action;
  });
  return app;
}

void Shell::print_json(const Json& json) { out_ << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n"; }

Outcome<int> Shell::show_list(const std::vector<Column>& columns, const Outcome<Json>& items) {
  if (!items) return tl::unexpected(items.error());
  if (globals.json) {
    print_json(*items);
  } else {
    out_ << table_text(columns, *items);
  }
  return cli::kExitGood;
}

Outcome<int> Shell::show_record(const Outcome<Json>& item) {
  if (!item) return tl::unexpected(item.error());
  if (globals.json) {
    print_json(*item);
  } else {
    out_ << record_text(*item);
  }
  return cli::kExitGood;
}

Outcome<int> Shell::show_done(const Outcome<Json>& answer, const std::string& sentence) {
  if (!answer) return tl::unexpected(answer.error());
  if (globals.json) {
    print_json(Json{{"ok", true}});
  } else {
    out_ << sentence << "\n";
  }
  return cli::kExitGood;
}

Outcome<Json> object_of(const std::string& flag, const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_object()) return json;
  return wrong_usage(flag + " '" + text + "' is not a JSON object");
}

}  // namespace ingress::ctl
