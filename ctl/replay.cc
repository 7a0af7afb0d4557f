#include "ctl/replay.h"

#include <ctime>

#include "ctl/pattern_text.h"

namespace ingress::ctl {
namespace {

constexpr const char* kTimeForm = "%Y-%m-%dT%H:%M:%SZ";

std::string text_of(const Json& row) {
  return row.is_null() ? "" : row.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_of_member(const Json& row, const char* name) {
  const auto found = row.is_object() ? row.find(name) : row.end();
  return row.is_object() && found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void keep_patterns(Json& route) {
  const auto patterns = route.find("patterns");
  if (patterns == route.end()) return;
  for (Json& each : *patterns) {
    const auto text = each.find("pattern");
    if (text != each.end() && text->is_string()) *text = pattern_as_kept(text->get<std::string>());
  }
}

}  // namespace

std::string subject_of(std::string_view noun, const Json& row) {
  if (noun == "token") return text_of_member(row, "machine") + "/" + text_of_member(row, "id");
  if (noun == "service") return text_of_member(row, "project") + "/" + text_of_member(row, "name");
  if (noun == "project") return text_of_member(row, "slug");
  return text_of_member(row, noun == "domain" ? "name" : "id");
}

Json row_of_item(std::string_view noun, Json item) {
  for (const char* name : {"machine", "externalId", "project"}) {
    if (const auto found = item.find(name); found != item.end() && found->is_null()) *found = "";
  }
  for (const char* name : {"createdAt", "expiresAt"}) {
    const auto found = item.find(name);
    if (found == item.end() || !found->is_string()) continue;
    std::tm time{};
    if (::strptime(found->get<std::string>().c_str(), kTimeForm, &time) != nullptr) *found = ::timegm(&time);
  }
  // What stands in a change only where it is set.
  for (const char* name : {"owner", "expiresAt"}) {
    if (const auto found = item.find(name); found != item.end() && found->is_null()) item.erase(name);
  }
  if (noun == "project" && item.contains("limits") && item["limits"].empty()) item.erase("limits");
  if (noun == "project" && item.value("wildcardCertificate", true) == false) item.erase("wildcardCertificate");
  if (noun == "machine" && item.contains("policy") && item["policy"].empty()) item.erase("policy");
  if (noun == "route") keep_patterns(item);
  if (noun == "join_token" && item.contains("usesLeft") && item["usesLeft"].is_null()) item["usesLeft"] = -1;
  return item;
}

Replay::Replay() {
  for (const Table& table : kTables) rows_.emplace(table.noun, Rows());
}

void Replay::begin_with(std::string_view noun, const Json& row) { put(noun, subject_of(noun, row), row); }

void Replay::put(std::string_view noun, const std::string& subject, const Json& row) {
  table(noun)[subject] = text_of(row);
  if (noun == "project") hold(subject, text_of_member(row, "machine"));
  if (noun == "domain") domains_.emplace(text_of_member(row, "project"), subject);
}

// What belongs to a row goes with it, as the tables' foreign keys have it.
void Replay::erase(std::string_view noun, const std::string& subject) {
  const auto found = table(noun).find(subject);
  if (found == table(noun).end()) return;
  const Json row = Json::parse(found->second, nullptr, false);
  table(noun).erase(found);
  const bool is_project = noun == "project";
  if (noun == "domain") domains_.erase({text_of_member(row, "project"), subject});
  if (!is_project && noun != "machine") return;
  if (!is_project) erase_shares_of(subject);
  Rows& owned = table(is_project ? "service" : "token");
  owned.erase(owned.lower_bound(subject + "/"), owned.lower_bound(subject + "0"));  // '0' follows '/'
  if (!is_project) return;
  const auto first = domains_.lower_bound({subject, ""});
  auto last = first;
  for (; last != domains_.end() && last->first == subject; ++last) table("domain").erase(last->second);
  domains_.erase(first, last);
  hold(subject, "");
  release(text_of_member(row, "machine"));
}

void Replay::erase_shares_of(const std::string& machine) {
  std::erase_if(table("share"), [&machine](const auto& share) {
    return text_of_member(Json::parse(share.second, nullptr, false), "machine") == machine;
  });
}

void Replay::hold(const std::string& project, const std::string& machine) {
  std::string& held = attached_[project];
  if (!held.empty() && --projects_of_[held] == 0) projects_of_.erase(held);
  if (!machine.empty()) ++projects_of_[machine];
  held = machine;
  if (machine.empty()) attached_.erase(project);
}

// The rules of broker/model/machine_state.h.
void Replay::release(const std::string& machine) {
  if (!machine.empty() && !projects_of_.contains(machine)) set_state(machine, "detached", "archived");
}

void Replay::set_state(const std::string& machine, std::string_view state, std::string_view unless) {
  const auto found = table("machine").find(machine);
  if (found == table("machine").end()) return;
  Json row = Json::parse(found->second, nullptr, false);
  if (!row.is_object() || text_of_member(row, "state") == unless) return;
  row["state"] = state;
  found->second = text_of(row);
}

std::optional<std::string> Replay::attach(const std::string& project, const Json& change) {
  const auto found = table("project").find(project);
  if (found == table("project").end()) return "there is no project \"" + project + "\" then";
  const std::string before = attached_.contains(project) ? attached_[project] : "";
  const std::string after = text_of_member(change["after"], "machine");
  Json row = Json::parse(found->second, nullptr, false);
  row["machine"] = after;
  put("project", project, row);
  if (before != after) release(before);
  if (!after.empty()) set_state(after, "active", "starting");
  if (text_of_member(change["before"], "machine") == before) return std::nullopt;
  return "project \"" + project + "\" has machine \"" + before + "\" then";
}

std::optional<std::string> Replay::apply(const Json& change) {
  const std::string operation = text_of_member(change, "operation");
  const std::string subject = text_of_member(change, "subject");
  const size_t point = operation.find('.');
  const std::string noun = operation.substr(0, point);
  const std::string verb = point == std::string::npos ? "" : operation.substr(point + 1);
  if (noun == "project" && (verb == "attach" || verb == "detach")) return attach(subject, change);
  if (!rows_.contains(noun) || (verb != "create" && verb != "update" && verb != "delete")) {
    return "\"" + operation + "\" is no operation that this program knows";
  }
  const auto found = table(noun).find(subject);
  const bool fits = (found == table(noun).end() ? "" : found->second) == text_of(change["before"]);
  if (verb == "delete") {
    erase(noun, subject);
  } else {
    put(noun, subject, change["after"]);
  }
  if (fits) return std::nullopt;
  return noun + " \"" + subject + "\" is another before it than the changes until then say";
}

}  // namespace ingress::ctl
