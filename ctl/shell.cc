#include "ctl/shell.h"

#include <ostream>

#include "ctl/problem.h"

namespace ingress::ctl {

void Shell::print_json(const Json& json) { out_ << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n"; }

bool Shell::print_json_line(const Json& json) {
  return print_line(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool Shell::print_line(const std::string& text) {
  out_ << text << "\n" << std::flush;
  return out_.good();
}

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
  if (item->empty()) return no_answer_of_the_api("the answer is empty");
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
