#include "ctl/declaration.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "common/base/lower_case.h"
#include "common/cli/toml_document.h"
#include "ctl/policy_secrets.h"
#include "ctl/session.h"

namespace ingress::ctl {
namespace {

constexpr auto kSettings =
    std::to_array<const char*>({"defaultPort", "suspended", "metadata", "limits", "wildcardCertificate", "policy"});

std::string short_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string described(const Json& members) {
  std::string text;
  for (const auto& [name, value] : members.items()) {
    const Json shown = name == "policy" ? hidden_secrets(value) : value;
    text += (text.empty() ? "" : ", ") + name + " " + (shown == "" ? "\"\"" : short_text(shown));
  }
  return text;
}

Json operation(const char* method, const std::string& path, const Json& body = nullptr) {
  Json made{{"method", method}, {"path", path}};
  if (!body.is_null()) made["body"] = body;
  return made;
}

// TOML has no null: "" is none, too.
Json machine_or_null(const Json& said) { return said == "" ? Json() : said; }

// Whole, as PUT takes it: what the file leaves out is as it is there, or as for a new service.
Json service_body(const Json& service, const Json& there = Json::object()) {
  return Json{{"port", service.at("port")},
              {"machine", machine_or_null(service.value("machine", there.value("machine", Json())))},
              {"policy", service.value("policy", there.value("policy", Json::object()))}};
}

// Members of any order are the same.
bool same(const Json& a, const Json& b) { return nlohmann::json::parse(a.dump()) == nlohmann::json::parse(b.dump()); }

bool same_member(const std::string& name, const Json& now, const Json& wanted) {
  return same(now, name == "policy" ? with_kept_hashes(wanted, now) : wanted);
}

bool same_service(const Json& now, Json wanted) {
  wanted["policy"] = with_kept_hashes(wanted["policy"], now["policy"]);
  return same(now, wanted);
}

// As the broker keeps it.
std::string domain_name(const Json& said) {
  std::string name = lower_case(said.get<std::string>());
  if (name.ends_with('.')) name.pop_back();
  return name;
}

class Plan {
 public:
  Plan(const Json& declared, const ProjectNow& now)
      : declared_(declared),
        now_(now),
        slug_(declared["slug"].get<std::string>()),
        path_("/v1/projects/" + percent_encoded(slug_)) {}

  std::vector<PlannedStep> make() && {
    project();
    attachment();
    if (declared_.contains("services")) services();
    if (declared_.contains("domains")) domains();
    return std::move(steps_);
  }

 private:
  void project() {
    Json changes = Json::object();
    for (const char* name : kSettings) {
      if (!declared_.contains(name)) continue;
      if (now_.project.is_null() || !same_member(name, now_.project.value(name, Json()), declared_[name]))
        changes[name] = declared_[name];
    }
    if (now_.project.is_null()) {
      Json body{{"slug", slug_}};
      body.update(changes);
      return add("+ project " + slug_, changes, operation("POST", "/v1/projects", body));
    }
    if (!changes.empty()) add("~ project " + slug_, changes, operation("PATCH", path_, changes));
  }
  void attachment() {
    if (!declared_.contains("machine")) return;
    const Json wanted = machine_or_null(declared_["machine"]);
    if ((now_.project.is_null() ? Json() : now_.project.value("machine", Json())) == wanted) return;
    if (wanted.is_null()) return add("- machine of " + slug_, {}, operation("DELETE", path_ + "/machine"));
    add("~ machine " + short_text(wanted), {}, operation("PUT", path_ + "/machine", Json{{"machine", wanted}}));
  }
  void services() {
    for (const auto& [name, service] : declared_["services"].items()) {
      const auto found = std::find_if(now_.services.begin(), now_.services.end(),
                                      [&name = name](const Json& row) { return row.at("name") == name; });
      const bool is_there = found != now_.services.end();
      const Json body = is_there ? service_body(service, *found) : service_body(service);
      if (is_there && same_service(service_body(*found), body)) continue;
      Json put = operation("PUT", path_ + "/services/" + percent_encoded(name), body);
      if (const auto tag = now_.service_tags.find(name); is_there && tag != now_.service_tags.end()) {
        put["ifMatch"] = tag->second;
      }
      add((is_there ? "~ service " : "+ service ") + name, service, std::move(put));
    }
    for (const Json& row : now_.services) {
      const std::string name = row.at("name").get<std::string>();
      if (declared_["services"].contains(name)) continue;
      add("- service " + name, {}, operation("DELETE", path_ + "/services/" + percent_encoded(name)));
    }
  }
  // Those that go first: a name is free before it is taken.
  void domains() {
    std::set<std::string> wanted;
    for (const Json& name : declared_["domains"]) wanted.insert(domain_name(name));
    for (const Json& row : now_.domains) {
      const auto name = row.at("name").get<std::string>();
      if (wanted.erase(name) > 0) continue;
      add("- domain " + name, {}, operation("DELETE", "/v1/domains/" + percent_encoded(name)));
    }
    for (const std::string& name : wanted) {
      add("+ domain " + name, {}, operation("POST", "/v1/domains", Json{{"name", name}, {"project", slug_}}));
    }
  }
  void add(std::string line, const Json& members, Json operation) {
    if (members.is_object() && !members.empty()) line += ": " + described(members);
    steps_.push_back({std::move(line), std::move(operation)});
  }

  const Json& declared_;
  const ProjectNow& now_;
  const std::string slug_;
  const std::string path_;
  std::vector<PlannedStep> steps_;
};

bool known(const std::string& name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Outcome<bool> check_service(const std::string& name, const Json& service) {
  const std::string where = "services." + name;
  if (!service.is_object()) return failed(where + " is not a table");
  if (!service.contains("port") || !service["port"].is_number_integer()) return failed(where + " has no port");
  for (const auto& [member, value] : service.items()) {
    if (!known(member, {"port", "machine", "policy"})) {
      return failed(std::string(where).append(".").append(member) +
                    " is not known: the members are port, machine, policy");
    }
  }
  return true;
}

}  // namespace

Outcome<Json> read_declaration(const std::string& path) {
  const cli::Parsed<std::string> json = cli::read_document(path);
  if (!json) return failed(json.error());
  Json declared = Json::parse(*json, nullptr, false);
  if (!declared.is_object()) return failed(path + " is neither TOML nor a JSON object");
  return declared;
}

Outcome<bool> check_declaration(const Json& declared) {
  if (!declared.contains("slug") || !declared["slug"].is_string()) return failed("the file names no slug");
  for (const auto& [name, value] : declared.items()) {
    if (!known(name, {"slug", "machine", "defaultPort", "suspended", "metadata", "limits", "wildcardCertificate",
                      "policy", "services", "domains"})) {
      return failed(name +
                    " is not known: the members are slug, machine, defaultPort, suspended, metadata, limits, "
                    "wildcardCertificate, policy, services, domains");
    }
    const bool is_table = known(name, {"metadata", "limits", "policy", "services"});
    if (is_table && !value.is_object()) return failed(name + " is not a table");
  }
  if (declared.contains("domains")) {
    const Json& domains = declared["domains"];
    const bool texts = domains.is_array() &&
                       std::all_of(domains.begin(), domains.end(), [](const Json& each) { return each.is_string(); });
    if (!texts) return failed("domains is not a list of names");
  }
  const Json services = declared.value("services", Json::object());
  for (const auto& [name, service] : services.items()) {
    if (Outcome<bool> good = check_service(name, service); !good) return good;
  }
  return true;
}

std::vector<PlannedStep> plan_of(const Json& declared, const ProjectNow& now) { return Plan(declared, now).make(); }

}  // namespace ingress::ctl
